"""Run an evaluation: every file of an index scored, and again under each worse condition when asked."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from forensics.analysis import fusion
from forensics.errors import SettingsError
from forensics.records import Policy
from forensics.settings import Settings
from forensics.weights import WeightsEntry

from ..checkpoints import load
from ..data import DataError
from ..detector import SequenceDetector
from ..device import choose
from ..scoring import is_untrained
from ..training.lineage import all_names_of, some
from .cases import CROPS, PREPARED, Measurement, Progress, Trial, known_videos
from .change_filter import by_change
from .joint_errors import together
from .robustness import CHAINS, by_face_px, encoded, for_crops, for_videos
from .scoring_clips import clip_trials, equipment_of
from .scoring_crops import crop_trials, known_crops

PLAIN = "as they are"


class Source(Protocol):
    """What can be measured. `unit` is the plural of one file of it."""

    unit: str

    @property
    def learnt_from(self) -> str:
        """Say of which files' people the networks have learnt, empty where that is known of none."""

    def measure(self, robustness: bool, tell: Progress) -> Measurement:
        """Score every file; raises DataError for what is wrong with the index or its files."""


class Crops:
    """Face crops in tar archives, those of some parts or all. Several entries are measured by their fused verdict.

    Those that `prepare` cut from videos are measured as tracks, a video being one file.
    """

    def __init__(
        self,
        entries: Sequence[WeightsEntry],
        settings: Settings,
        index: Path,
        archives: Sequence[Path],
        parts: Sequence[int] | None,
    ) -> None:
        self.entries, self.settings = entries, settings
        self.files = known_crops(index, archives, parts)
        self.unit = PREPARED if any(one.over_time for one in self.files) else CROPS

    @property
    def learnt_from(self) -> str:
        """Say of which parts the networks have learnt."""
        learnt = {group for entry in self.entries for group in entry.learnt}
        seen = learnt & all_names_of(crop for one in self.files for crop in one.crops)
        return f"the network has learnt from crops of part {some(seen)}" if seen else ""

    def measure(self, robustness: bool, tell: Progress) -> Measurement:
        """Score every crop; raises DataError naming one that can't be read."""
        found = {entry.name: self.measured(entry, robustness, tell) for entry in self.entries}
        if len(found) == 1:
            alone = next(iter(found.values()))
            return replace(alone, changed=by_change(self.files, alone.trials))
        calibrations = {entry.name: entry.calibration for entry in self.entries}

        def fused(condition: str | None) -> list[Trial]:
            of = {
                name: one.trials if condition is None else one.altered[condition]
                for name, one in found.items()
            }
            return together(of, calibrations)

        altered = next(iter(found.values())).altered
        untrained = all(one.untrained for one in found.values())
        trials = fused(None)
        under = {name: fused(name) for name in altered}
        return Measurement(trials, untrained, under, by_change(self.files, trials))

    def measured(self, entry: WeightsEntry, robustness: bool, tell: Progress) -> Measurement:
        """Score every crop with one entry."""
        model = load(entry).to(choose(self.settings).device)
        trials = crop_trials(model, entry, self.files, tell)
        found = Measurement(trials, is_untrained(model))
        if not robustness:
            return found
        altered = {
            name: crop_trials(model, entry, self.files, tell, alter)
            for name, alter in for_crops(entry).items()
        }
        return replace(found, altered={**altered, **by_face_px(trials)})


class Videos:
    """Videos in a folder, analysed as `forensics scan` does it. Several entries are measured by their verdict."""

    unit = "videos"

    def __init__(
        self, entries: Sequence[WeightsEntry], settings: Settings, index: Path, folder: Path
    ) -> None:
        self.entries, self.settings, self.index, self.folder = entries, settings, index, folder
        self.known = known_videos(index, folder)

    @property
    def learnt_from(self) -> str:
        """Nothing: an index of videos has no parts."""
        return ""

    def measure(self, robustness: bool, tell: Progress) -> Measurement:
        """Score every video; raises DataError when those that have a score are of one kind only."""
        detectors = [SequenceDetector(entry, self.settings) for entry in self.entries]
        more = for_videos(self.entries, self.settings) if robustness else {}
        voices = {PLAIN: detectors, **more}
        equipment = equipment_of(voices, self.settings)
        found = clip_trials(equipment, voices, self.known, self.folder, tell)
        trials = found.pop(PLAIN)
        self.check(trials)
        if robustness:
            alone, plain = {PLAIN: detectors}, replace(equipment, detectors=tuple(detectors))
            for name, chain in CHAINS.items():
                tell(0, len(self.known), f"encoding: {name}")
                with encoded(self.known, self.folder, chain) as (folder, known, failed):
                    again = clip_trials(plain, alone, known, folder, tell)
                    found[name] = again[PLAIN] + failed
            found |= by_face_px(trials)
        return Measurement(trials, all(is_untrained(one.model) for one in detectors), found)

    def check(self, trials: Sequence[Trial]) -> None:
        """Raise DataError unless both a fake and a real video have a score."""
        kinds = {trial.known.fake for trial in trials if trial.score is not None}
        if len(kinds) < 2:
            lost = [f"{t.known.file} ({t.error or t.outcome})" for t in trials if t.score is None]
            raise DataError(
                f"{self.index}: the videos with a score are not of both kinds; without one: "
                + (", ".join(lost) or "none")
            )


def served(entry: WeightsEntry, settings: Settings) -> WeightsEntry:
    """Return an entry with the thresholds of the settings' policy; raises SettingsError where it has none for it."""
    calibration = fusion.under(entry.calibration, Policy(settings.policy))
    if calibration is None and entry.calibration is not None:
        raise SettingsError(
            f"policy = {settings.policy!r}: not established for {entry.name!r}; set FORENSICS_POLICY=triage"
        )
    return replace(entry, calibration=calibration)
