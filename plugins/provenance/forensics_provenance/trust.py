"""Whose signatures are trusted: a list of certificates that the user gives, and nobody's without one."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import c2pa

from forensics.errors import SettingsError
from forensics.plugins.toolkit import shown

VARIABLE = "FORENSICS_PROVENANCE_TRUST_LIST"
MOST_BYTES = 16 << 20


@dataclass(frozen=True)
class TrustList:
    """Certificates (PEM) of authorities, where they were read, their SHA-256, and the date of the file (UTC).

    PEM holds no date of its own: that of the file's last change is all there is.
    """

    certificates: str
    name: str
    sha256: str
    date: str


def from_environment(environment: Mapping[str, str]) -> TrustList | None:
    """Return the list that the variable names, or None; raises SettingsError for one that can't be used."""
    named = environment.get(VARIABLE, "")
    return read(Path(named).expanduser()) if named else None


def read(path: Path) -> TrustList:
    """Read a list once. Raises SettingsError, naming the file and what is wrong with it."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
        changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        text = data.decode("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise refused(path, f"can't be read: {error}") from error
    if len(data) > MOST_BYTES or "-----BEGIN CERTIFICATE-----" not in text:
        raise refused(path, f"is no list of PEM certificates of at most {MOST_BYTES >> 20} MB")
    trust = TrustList(
        text, shown(path.name), hashlib.sha256(data).hexdigest(), f"{changed:%Y-%m-%d}"
    )
    try:
        c2pa.Context.from_dict(options(trust)).close()
    except c2pa.C2paError as error:
        raise refused(path, f"is refused by the C2PA library: {error}") from error
    return trust


def refused(path: Path, why: str) -> SettingsError:
    """Return the error for a list that can't be used."""
    return SettingsError(
        f"environment {VARIABLE}: {shown(str(path))}: {why}; name a file of PEM certificates, or unset it"
    )


def options(trust: TrustList | None) -> dict[str, Any]:
    """Return the settings of the C2PA library: validate, trust this list alone, and ask nobody over the network."""
    anchors = {"trust": {"trust_anchors": trust.certificates}} if trust else {}
    return {
        "verify": {
            "verify_after_reading": True,
            "verify_trust": True,
            "remote_manifest_fetch": False,
            "ocsp_fetch": False,
        },
        **anchors,
    }
