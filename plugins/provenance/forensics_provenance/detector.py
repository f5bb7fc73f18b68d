"""The detector: credentials, then what is recorded in the container or picture, as one finding of statements."""

import logging
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import c2pa

from forensics.hookspecs import Resources
from forensics.records import Calibration, Evidence, Finding, MediaKind, Need, Outcome, Sample

from . import NAME, __version__, credentials, photographed, recorded, signed
from .quoting import quoted
from .trust import TrustList

MOST_STATEMENTS = 60  # of one part
MOST_CHARS = 2000  # of one statement; its parts are cut much shorter
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ProvenanceDetector:
    """States what a file says of itself. It scores nothing, and so never votes.

    `examines` is empty: nothing that a verdict could name was examined by reading what somebody wrote into a file.
    """

    trust: TrustList | None = None
    max_megapixels: float = 128.0
    name: str = NAME
    version: str = __version__
    licence: str = "MIT"
    permitted_use: str = ""
    weights: str | None = None
    examines: tuple[str, ...] = ()
    needs: frozenset[Need] = frozenset({Need.FILE})
    kinds: frozenset[MediaKind] = frozenset(MediaKind)
    calibration: Calibration | None = None
    resources: Resources = field(default=Resources(memory_mb=256, seconds=20.0))

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The C2PA library's version and the trust list's SHA-256: both decide what is stated."""
        return {
            "c2pa": c2pa.sdk_version(),
            "trust_list": self.trust.sha256 if self.trust else None,
        }

    def examine(self, sample: Sample) -> Finding:
        """Return the statements. A part that fails is named in one, and the others are made."""
        sentences = [
            *part("Content credentials (C2PA)", lambda: self.credentials(sample.fd)),
            *part("Metadata", lambda: self.metadata(sample.fd)),
        ]
        return Finding(
            self.name,
            self.version,
            self.weights,
            Outcome.STATEMENT,
            evidence=Evidence(statements=tuple(sentences)),
        )

    def credentials(self, fd: int) -> Iterable[str]:
        """Return the statements about content credentials."""
        return signed.statements(credentials.read(fd, self.trust), self.trust)

    def metadata(self, fd: int) -> Iterable[str]:
        """Return those about a picture, or else about a container and its streams."""
        of_picture = photographed.statements(fd)
        return recorded.statements(fd, self.max_megapixels) if of_picture is None else of_picture


def part(subject: str, made: Callable[[], Iterable[str]]) -> list[str]:
    """Return the statements of one part, bounded in number and length; what breaks it is one more of them."""
    sentences: list[str] = []
    try:
        for statement in islice(made(), MOST_STATEMENTS + 1):
            sentences.append(statement[:MOST_CHARS])
    except MemoryError:
        raise  # the toolkit's business: the worker is replaced
    except Exception as error:
        log.warning("%s: %s", subject, traceback.format_exc())
        sentences.append(
            f"{subject}: could not be read to the end ({quoted(type(error).__name__)})."
        )
    if len(sentences) > MOST_STATEMENTS:
        sentences[MOST_STATEMENTS:] = [f"{subject}: there is more, which is not told."]
    return sentences
