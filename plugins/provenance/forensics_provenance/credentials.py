"""Content credentials: read and validated by `c2pa-python`, from the open descriptor and without the network.

Valid says that the content is what was signed, trusted that the signer is on the user's list: two questions, as in the
C2PA specification's chapter on validation.
"""

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import c2pa

from forensics.media.descriptor import DescriptorFile

from .quoting import quoted
from .trust import TrustList, options

MOST_JSON_CHARS = 32 << 20
SUCCESS, INFORMATIONAL, FAILURE = "success", "informational", "failure"
UNTRUSTED = "signingCredential.untrusted"
NOTHING_READ = (
    "Other",
    "Io",
    "NotSupported",
)  # about the file; all others are about its credentials


class State(StrEnum):
    """What validation made of the credentials."""

    ABSENT = "absent"
    INVALID = "invalid"
    UNTRUSTED = "valid but untrusted"
    TRUSTED = "trusted"


STATES = {"Invalid": State.INVALID, "Valid": State.UNTRUSTED, "Trusted": State.TRUSTED}


@dataclass(frozen=True)
class Credentials:
    """What was found. `why` explains a state that no manifest explains, `remote` is an address that was not asked.

    `manifests` are the library's, the one in force first; `codes` are its validation codes by kind.
    """

    state: State
    why: str = ""
    remote: str = ""
    manifests: tuple[Mapping[str, Any], ...] = ()
    codes: tuple[tuple[str, str], ...] = ()

    def has_code(self, kind: str, code: str) -> bool:
        """Say whether the validation said this."""
        return (kind, code) in self.codes


def read(fd: int, trust: TrustList | None) -> Credentials:
    """Read and validate what the file behind a descriptor carries; never raises for what the file holds."""
    with c2pa.Context.from_dict(options(trust)) as context:
        try:
            file = io.BufferedReader(DescriptorFile(fd))
            reader = c2pa.Reader.try_create(None, file, context=context)
            if reader is None:
                return Credentials(State.ABSENT)
            with reader:
                return credentials_of(reader.json())
        except c2pa.C2paError as error:
            return failed(str(error))


def failed(message: str) -> Credentials:
    """Return what it means that the library gave up: there is nothing in the file to read, or what there is is broken."""
    kind, _, text = message.partition(": ")
    if kind in ("Remote", "RemoteManifest"):
        return Credentials(State.ABSENT, remote=text.rpartition(" url ")[2] or text)
    if kind == "NotSupported":
        return Credentials(State.ABSENT, "the C2PA library reads none in this kind of file")
    if kind in NOTHING_READ:
        return Credentials(State.ABSENT, f"as far as the file could be read: {quoted(text)}")
    return Credentials(State.INVALID, quoted(message))


def credentials_of(text: str) -> Credentials:
    """Return the library's report as credentials."""
    if len(text) > MOST_JSON_CHARS:
        return Credentials(State.INVALID, f"the report on them has {len(text):,} characters")
    report = json.loads(text)
    active = report.get("active_manifest")
    manifests = report.get("manifests") or {}
    order = sorted(manifests, key=lambda label: label != active)
    state = STATES.get(str(report.get("validation_state")), State.INVALID)
    return Credentials(
        state,
        manifests=tuple(manifests[label] for label in order if isinstance(manifests[label], dict)),
        codes=tuple(codes(report.get("validation_results") or {})),
    )


def codes(results: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the codes about the manifest in force, and the failures of those that it builds on."""
    active = results.get("activeManifest") or {}
    for kind in (SUCCESS, INFORMATIONAL, FAILURE):
        for status in active.get(kind) or ():
            yield kind, str(status.get("code"))
    for delta in results.get("ingredientDeltas") or ():
        for status in (delta.get("validationDeltas") or {}).get(FAILURE) or ():
            yield FAILURE, str(status.get("code"))
