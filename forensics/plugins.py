"""Discovery and containment: one broken plugin is named and left out, the others work."""

import importlib.metadata
import json
import logging
import traceback
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import pluggy

from . import hookspecs
from .errors import ForensicsError, PluginError, UsageError
from .hookspecs import Detector
from .settings import Settings, config_dir

GROUP = "forensics"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PluginStatus:
    """One installed plugin: `state` is ok, disabled, not_allowed or broken; `why` explains any but the first."""

    name: str
    distribution: str
    version: str
    state: str
    why: str = ""
    detectors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plugins:
    """What was found: every plugin's status, and the detectors of the working ones."""

    statuses: tuple[PluginStatus, ...]
    detectors: tuple[Detector, ...]


def disabled_file() -> Path:
    """Return the file that names the plugins switched off."""
    return config_dir() / "disabled-plugins.json"


def disabled() -> frozenset[str]:
    """Return the names of the plugins switched off."""
    path = disabled_file()
    if not path.exists():
        return frozenset()
    try:
        return frozenset(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise PluginError(f"{path}: can't be read ({error}); mend or remove it") from error


def set_enabled(name: str, enabled: bool) -> None:
    """Switch a plugin on or off; works when it can't be imported. Raises PluginError for an unknown name."""
    names = {point.name for point in entry_points()}
    if name not in names:
        known = ", ".join(sorted(names)) or "none is installed"
        raise PluginError(f"no plugin is called {name!r}; known: {known}")
    new = disabled() - {name} if enabled else disabled() | {name}
    path = disabled_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(sorted(new)), encoding="utf-8")


def entry_points() -> tuple[importlib.metadata.EntryPoint, ...]:
    """Return the installed plugins in the order of their names."""
    return tuple(sorted(importlib.metadata.entry_points(group=GROUP), key=lambda p: p.name))


def load(settings: Settings) -> Plugins:
    """Import every plugin that is allowed, one by one, and collect its detectors."""
    statuses: list[PluginStatus] = []
    detectors: list[Detector] = []
    off = disabled()
    for point in entry_points():
        status, found = load_one(point, settings, off, {d.name for d in detectors})
        statuses.append(status)
        detectors += found
    return Plugins(tuple(statuses), tuple(detectors))


def load_one(
    point: importlib.metadata.EntryPoint,
    settings: Settings,
    off: Collection[str],
    taken: Collection[str],
) -> tuple[PluginStatus, list[Detector]]:
    """Load one plugin; whatever goes wrong in it ends here."""
    name, version = (point.dist.name, point.dist.version) if point.dist else ("", "")
    if point.name in off:
        why = f"run 'forensics plugins enable {point.name}'"
        return PluginStatus(point.name, name, version, "disabled", why), []
    if settings.plugins and point.name not in settings.plugins:
        why = "not in the setting 'plugins'"
        return PluginStatus(point.name, name, version, "not_allowed", why), []
    try:
        found = detectors_of(point.load(), point.name, settings)
        clash = sorted({detector.name for detector in found} & set(taken))
        if clash:
            raise PluginError(f"detector name {clash[0]!r} is taken by another plugin")
    except (Exception, SystemExit) as error:
        if not isinstance(error, ForensicsError):
            log.warning("plugin %s failed\n%s", point.name, traceback.format_exc())
        why = (
            str(error) if isinstance(error, ForensicsError) else f"{type(error).__name__}: {error}"
        )
        return PluginStatus(point.name, name, version, "broken", why), []
    names = tuple(detector.name for detector in found)
    return PluginStatus(point.name, name, version, "ok", "", names), found


def detectors_of(module: object, name: str, settings: Settings) -> list[Detector]:
    """Register one plugin with a manager of its own and call its hook; a misspelt hook is an error."""
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    manager.register(module, name)
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise PluginError(str(error)) from error
    results: list[Iterable[Detector]] = manager.hook.forensics_detectors(settings=settings)
    return [detector for result in results for detector in result]


def choose(plugins: Plugins, names: Collection[str]) -> tuple[Detector, ...]:
    """Return the detectors asked for by name, or all. Raises UsageError for an unknown one."""
    if not names:
        return plugins.detectors
    known = {detector.name: detector for detector in plugins.detectors}
    for name in names:
        if name not in known:
            broken = "; ".join(
                f"{s.name}: {s.why}" for s in plugins.statuses if s.state == "broken"
            )
            known_names = ", ".join(known) or "none"
            raise UsageError(
                f"no detector is called {name!r}; known: {known_names}"
                + (f" (broken: {broken})" if broken else "")
                + "; run 'forensics plugins list'"
            )
    return tuple(detector for name, detector in known.items() if name in names)
