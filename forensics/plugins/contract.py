"""Whether a plugin fits the contract: its version, and every member of its detectors."""

import ast
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import EntryPoint
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..errors import PluginError
from ..hookspecs import CONTRACT_VERSION, Detector, Frugal, Resources
from ..records import Calibration, Finding, MediaKind, Need
from ..serialization import plain
from ..settings import Settings

STATEMENT = "CONTRACT"
FIRST = 1  # what a module is taken to be made for that does not say

Check = Callable[[Any], bool]


def set_of(kind: type) -> Check:
    """Return the check for a frozenset of one type."""
    return lambda value: isinstance(value, frozenset) and all(isinstance(v, kind) for v in value)


MEMBERS: dict[str, tuple[str, Check]] = {
    "name": ("a text that is not empty", lambda v: isinstance(v, str) and bool(v.strip())),
    "version": ("a text that is not empty", lambda v: isinstance(v, str) and bool(v.strip())),
    "licence": ("a text that is not empty", lambda v: isinstance(v, str) and bool(v.strip())),
    "permitted_use": ("a text", lambda v: isinstance(v, str)),
    "weights": ("a SHA-256 or None", lambda v: v is None or isinstance(v, str)),
    "examines": (
        "a tuple of texts",
        lambda v: isinstance(v, tuple) and all(isinstance(item, str) for item in v),
    ),
    "needs": ("a frozenset of Need", set_of(Need)),
    "kinds": ("a frozenset of MediaKind", set_of(MediaKind)),
    "parameters": ("a mapping", lambda v: isinstance(v, Mapping)),
    "calibration": ("a Calibration or None", lambda v: v is None or isinstance(v, Calibration)),
    "examine": ("a method", callable),
}


def check_version(made_for: object) -> None:
    """Raise PluginError unless a plugin was made for this contract."""
    if made_for == CONTRACT_VERSION:
        return
    newer = isinstance(made_for, int) and made_for > CONTRACT_VERSION
    todo = "upgrade media-forensics" if newer else "upgrade the plugin"
    raise PluginError(
        f"made for contract {made_for}, this toolkit has contract {CONTRACT_VERSION}; {todo}"
    )


def stated(module: object) -> object:
    """Return the contract that an imported module says it was made for."""
    return getattr(module, STATEMENT, FIRST)


def stated_in_source(point: EntryPoint) -> int | None:
    """Return the contract that a plugin's source states, without running it; None where it can't be read there.

    A plugin made for another contract may fail in its very imports, and then the contract is what is wrong with it.
    """
    try:
        spec = find_spec(point.module)
        body = ast.parse(Path(spec.origin).read_bytes()).body if spec and spec.origin else []
    except Exception:
        return None
    for node in body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            names = {target.id for target in node.targets if isinstance(target, ast.Name)}
            if STATEMENT in names and isinstance(node.value.value, int):
                return node.value.value
    return None


def check(detector: Detector, settings: Settings) -> None:
    """Raise PluginError, naming every member that is missing or of the wrong kind, unless a detector fits."""
    wrong = [*misfits(detector)]
    if wrong:
        name = getattr(detector, "name", None) or type(detector).__name__
        raise PluginError(f"detector {name!r} does not fit the contract: {'; '.join(wrong)}")
    if isinstance(detector, Frugal) and 0 < settings.memory_mb < detector.resources.memory_mb:
        raise PluginError(
            f"detector {detector.name!r} asks for {detector.resources.memory_mb} MB, memory_mb is "
            f"{settings.memory_mb}; raise FORENSICS_MEMORY_MB"
        )


def misfits(detector: object) -> Iterator[str]:
    """Yield what keeps an object from being a Detector."""
    for name, (wanted, fits) in MEMBERS.items():
        if not hasattr(detector, name):
            yield f"{name!r} is missing"
        elif not fits(getattr(detector, name)):
            yield f"{name!r} is {getattr(detector, name)!r:.60}, not {wanted}"
    try:
        plain(getattr(detector, "parameters", {}))
    except TypeError as error:
        yield f"'parameters': {error}"
    if isinstance(detector, Frugal) and not isinstance(detector.resources, Resources):
        yield f"'resources' is {detector.resources!r:.60}, not Resources"


def check_storable(finding: Finding) -> None:
    """Raise TypeError for a finding with a value that has no JSON form: it could not be stored."""
    plain(finding)
