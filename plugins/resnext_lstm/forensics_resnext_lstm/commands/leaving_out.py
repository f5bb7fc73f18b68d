"""What `calibrate-videos` and `evaluate --leave-one-out` share: videos with known truth, their scores, and the table by source."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from forensics.commands import print_table
from forensics.errors import UsageError

from .progress import progress

if TYPE_CHECKING:
    from forensics.settings import Settings
    from forensics.weights import WeightsEntry

    from ..evaluation.cases import Known
    from ..evaluation.leave_one_out import Row
    from ..evaluation.video_scores import VideoScores

KEPT = "video-scores.jsonl"


def show_sources(
    settings: "Settings",
    entries: "Sequence[WeightsEntry]",
    pairs: Sequence[tuple[Path, Path]],
    by: str,
) -> None:
    """Score videos, and print what is said of each source by what was fitted without it."""
    from ..evaluation import leave_one_out
    from ..evaluation.calibrate import Validity

    folders, indexes = zip(*pairs, strict=True)
    scored = score(entries, settings, pairs_of(folders, indexes), None)
    stills = {entry.name: entry.calibration for entry in entries}
    usable = leave_one_out.usable(scored, list(stills), Validity())
    voices, areas = leave_one_out.chosen_voices(usable, stills, Validity(), by)
    show_choices(areas, len(usable), len(scored))
    show(leave_one_out.table(leave_one_out.leave_out(usable, stills, Validity(), voices, by)))


def show_choices(areas: "dict[tuple[str, ...], float]", usable: int, scored: int) -> None:
    """Print how well each choice of detectors ranks sources that were left out."""
    click.echo(f"{usable} of {scored} videos have a face that can be judged")
    for choice, area in areas.items():
        click.echo(f"AUC on sources left out, {' + '.join(choice)}: {area:.3f}")


def pairs_of(videos: Sequence[Path], indexes: Sequence[Path]) -> "list[tuple[Path, Known]]":
    """Return the videos of every index with their folder; raises UsageError unless each folder has its index."""
    from ..evaluation.cases import known_videos

    if len(videos) != len(indexes):
        raise UsageError(f"{len(videos)} --videos and {len(indexes)} --index: give one for each")
    return [
        (folder, video)
        for folder, index in zip(videos, indexes, strict=True)
        for video in known_videos(index, folder, needs_both=False)
    ]


def score(
    entries: "Sequence[WeightsEntry]",
    settings: "Settings",
    known: "Sequence[tuple[Path, Known]]",
    work: Path | None,
) -> "list[VideoScores]":
    """Return the scores of videos; raises DataError for one whose people a network has learnt from."""
    from tempfile import TemporaryDirectory

    from ..evaluation.video_scores import groups_shown, score_videos
    from ..training.lineage import check_unseen

    shown = list(groups_shown(video for _, video in known))
    for entry in entries:
        check_unseen(shown, frozenset(entry.learnt), "to be measured on")
    with progress() as tell:
        if work is not None:
            return score_videos(entries, settings, known, work / KEPT, tell)
        with TemporaryDirectory() as folder:
            return score_videos(entries, settings, known, Path(folder) / KEPT, tell)


def show(rows: "Sequence[Row]") -> None:
    """Print what was said of each source by what was fitted without it."""
    from forensics.records import Label

    said = (Label.FAKE, Label.INCONCLUSIVE, Label.REAL)
    names = [name for name in rows[-1].areas if name] if rows else []
    columns = ["left out", "genuine: fake / inconclusive / real", "manipulated: the same", "AUC"]
    print_table(
        [*columns, *names],
        [
            [
                row.source,
                " / ".join(str(row.real[label]) for label in said) if row.real else "",
                " / ".join(str(row.fake[label]) for label in said) if row.fake else "",
                *(f"{row.areas[n]:.3f}" if n in row.areas else "" for n in ("", *names)),
            ]
            for row in rows
        ],
    )
