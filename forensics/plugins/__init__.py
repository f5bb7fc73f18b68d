"""Discovery and containment: one broken plugin is named and left out, the others work."""

import importlib.metadata
import json
import logging
import traceback
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import ForensicsError, PluginError, UsageError
from ..files import write_whole
from ..hookspecs import Detector
from ..settings import Settings, config_dir
from . import contract
from .registration import Registered, licence_of, register

GROUP = "forensics"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PluginStatus:
    """One installed plugin: `state` is ok, disabled, not_allowed or broken; `why` explains any but the first.

    `licence` is its distribution's, `licences` are those of its detectors, their weights' included.
    """

    name: str
    distribution: str
    version: str
    state: str
    why: str = ""
    detectors: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()
    licence: str = ""
    licences: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plugins:
    """What was found: every plugin's status, and the detectors and registrations of the working ones."""

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
    require(name)
    new = disabled() - {name} if enabled else disabled() | {name}
    path = disabled_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(sorted(new)).encode())


def require(name: str) -> importlib.metadata.EntryPoint:
    """Return an installed plugin's entry point, without importing it. Raises PluginError for an unknown name."""
    points = {point.name: point for point in reversed(entry_points())}
    if name not in points:
        known = ", ".join(sorted(points)) or "none is installed"
        raise PluginError(f"no plugin is called {name!r}; known: {known}")
    return points[name]


def entry_points() -> tuple[importlib.metadata.EntryPoint, ...]:
    """Return the installed plugins in the order of their names."""
    points = importlib.metadata.entry_points(group=GROUP)
    return tuple(sorted(points, key=lambda p: (p.name, p.dist.name if p.dist else "")))


def load(
    settings: Settings,
    left_out: Mapping[str, str] | None = None,
    on_loading: Callable[[str], None] = lambda name: None,
) -> Plugins:
    """Import every plugin that is allowed, one by one, and collect its detectors.

    `left_out` has plugins that are known to end their process, with what they did. `on_loading` is told of each plugin
    before it is imported.
    """
    statuses: list[PluginStatus] = []
    detectors: list[Detector] = []
    off = disabled()
    for point in entry_points():
        status = excluded(point, settings, off, left_out or {}, statuses)
        added: tuple[Detector, ...] = ()
        if status.state == "ok":
            on_loading(point.name)
            status, added = load_one(point, status, settings, {d.name for d in detectors})
        statuses.append(status)
        detectors += added
    return Plugins(tuple(statuses), tuple(detectors))


def excluded(
    point: importlib.metadata.EntryPoint,
    settings: Settings,
    off: Collection[str],
    left_out: Mapping[str, str],
    before: Collection[PluginStatus],
) -> PluginStatus:
    """Return a plugin's status before it is imported: ok, or why it won't be."""
    name, version = (point.dist.name, point.dist.version) if point.dist else ("", "")
    known = PluginStatus(point.name, name, version, "ok", licence=licence_of(point))
    if point.name in off:
        why = f"run 'forensics plugins enable {point.name}'"
        return replace(known, state="disabled", why=why)
    if settings.plugins and point.name not in settings.plugins:
        return replace(known, state="not_allowed", why="not in the setting 'plugins'")
    if point.name in left_out:
        return replace(known, state="broken", why=left_out[point.name])
    holder = next((s.distribution for s in before if s.name == point.name), None)
    if holder is not None:
        why = f"plugin name {point.name!r} is taken by {holder}; uninstall one of the two"
        return replace(known, state="broken", why=why)
    return known


def load_one(
    point: importlib.metadata.EntryPoint,
    status: PluginStatus,
    settings: Settings,
    taken: Collection[str],
) -> tuple[PluginStatus, tuple[Detector, ...]]:
    """Load one plugin; whatever goes wrong in it ends here."""
    try:
        registered = register(point)
        detectors = registered.detectors(settings)
        check(registered, detectors, settings, taken)
    except (Exception, SystemExit) as error:
        if not isinstance(error, ForensicsError):
            log.warning("plugin %s failed\n%s", point.name, traceback.format_exc())
        return replace(status, state="broken", why=reason(error)), ()
    names = tuple(detector.name for detector in detectors)
    licences = tuple(f"{detector.name}: {detector.licence}" for detector in detectors)
    return replace(status, detectors=names, hooks=registered.hooks, licences=licences), detectors


def check(
    registered: Registered,
    detectors: Collection[Detector],
    settings: Settings,
    taken: Collection[str],
) -> None:
    """Raise PluginError for a plugin that does nothing, a detector that does not fit, and a name used already."""
    if not registered.hooks:
        raise PluginError("implements no hook; see forensics.hookspecs")
    used = set(taken)
    for detector in detectors:
        contract.check(detector, settings)
        if detector.name in used:
            whose = "another plugin" if detector.name in taken else "another detector of its own"
            raise PluginError(f"detector name {detector.name!r} is taken by {whose}")
        used.add(detector.name)


def reason(error: BaseException) -> str:
    """Return in one line why a plugin does not work."""
    return str(error) if isinstance(error, ForensicsError) else f"{type(error).__name__}: {error}"


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
