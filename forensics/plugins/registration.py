"""One plugin's module, imported and held against the hooks; each has a pluggy manager of its own."""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint

import pluggy

from .. import hookspecs
from ..errors import PluginError
from ..hookspecs import Detector
from ..records import Verdict
from ..settings import Settings
from . import contract

PROJECT = "forensics"


@dataclass(frozen=True)
class Registered:
    """A plugin that was imported and whose hooks are known ones."""

    name: str
    manager: pluggy.PluginManager

    @property
    def hooks(self) -> tuple[str, ...]:
        """The names of the hooks that it implements."""
        plugin = self.manager.get_plugin(self.name)
        callers = self.manager.get_hookcallers(plugin) if plugin is not None else None
        return tuple(sorted(caller.name for caller in callers or ()))

    def detectors(self, settings: Settings) -> tuple[Detector, ...]:
        """Call the hook that makes its detectors."""
        given: list[Iterable[Detector]] = self.manager.hook.forensics_detectors(settings=settings)
        return tuple(detector for some in given for detector in some)

    def verdict_stored(self, verdict: Verdict, verdict_id: int, path: str) -> None:
        """Call the hook that is told of stored verdicts."""
        self.manager.hook.forensics_verdict_stored(
            verdict=verdict, verdict_id=verdict_id, path=path
        )


def register(point: EntryPoint) -> Registered:
    """Import a plugin. Raises PluginError for another contract and a misspelt hook, and whatever its import raises."""
    try:
        module = point.load()
    except Exception:
        made_for = contract.stated_in_source(point)
        if made_for is not None:
            contract.check_version(made_for)
        raise
    contract.check_version(contract.stated(module))
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(module, point.name)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise PluginError(str(error)) from error
    return Registered(point.name, manager)


def licence_of(point: EntryPoint) -> str:
    """Return the licence that a plugin's distribution states in its metadata, or an empty text."""
    if point.dist is None:
        return ""
    metadata = point.dist.metadata.json
    stated = metadata.get("license_expression") or metadata.get("license") or ""
    return str(stated).partition("\n")[0]
