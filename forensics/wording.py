"""The sentences that people read. The words for a result stand here and nowhere else.

Works on the plain form of a verdict (`records.plain`), fresh from an analysis or out of the database.
The verbal scale is that of the ENFSI Guideline for Evaluative Reporting in Forensic Science (2015), table in 5.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from .verdict import wilson_interval

Plain = Mapping[str, Any]

SCALE = (
    (1_000_000, "extremely strong support"),
    (10_000, "very strong support"),
    (1_000, "strong support"),
    (100, "moderately strong support"),
    (10, "moderate support"),
    (2, "weak support"),
)

REASONS = {
    "near_threshold": "The measured value lies between the thresholds.",
    "detectors_disagree": "The detectors disagree.",
    "low_quality": "The faces are smaller or worse than those the detectors were validated on.",
    "outside_validation": "The detectors were not validated on this kind of media.",
    "truncated": "Too much of the file could not be decoded.",
    "uncalibrated": "The detectors that scored it have no calibration, so their scores mean nothing in themselves.",
    "no_face": "Not assessed: no face of at least {smallest:.0f} px was found.",
    "too_few_frames": "Not assessed: no face was seen in enough of the sampled frames.",
    "no_detector": "Not assessed: no working detector is installed for it; run 'forensics plugins list'.",
}

TOPICS = {
    "face_manipulation": "face manipulation",
    "audio": "the sound",
    "lip_sync": "whether lips and speech agree",
    "synthetic_scene": "whether the whole scene was generated",
    "cuts_and_splices": "cuts and splices",
    "context": "whether time, place and context are as claimed",
}

EXAMINABLE = tuple(TOPICS)


def result(verdict: Plain) -> str:
    """Return the sentence that states a verdict."""
    label, reason = verdict["label"], verdict["reason"]
    if label == "not_assessed":
        return REASONS[reason].format(smallest=verdict["provenance"]["smallest_face_px"] or 0)
    if label == "inconclusive":
        said = "The examination supports neither proposition over the other."
        return f"{said} {REASONS[reason]}" if reason else said
    if label == "real":
        return (
            "No indication of face manipulation of the validated kinds was found in "
            f"{faces(verdict)} examined. This does not show that the recording is authentic."
        )
    return fake_result(verdict)


def fake_result(verdict: Plain) -> str:
    """Return the sentence for a file in which a face stands out."""
    place, ratio = where(verdict), verdict["log10_lr"]
    if ratio is None or 10**ratio < 2:
        return f"{place}: screening flag."
    return (
        f"{place}: the result is about {rounded(10**ratio)} times more probable if the face was generated or "
        "altered by a validated kind of method than if it was recorded by a camera and processed "
        f"ordinarily ({support(10**ratio)})."
    )


def support(ratio: float) -> str:
    """Return the verbal equivalent of a likelihood ratio of 2 or more."""
    return next(words for least, words in SCALE if ratio >= least)


def rounded(ratio: float) -> str:
    """Return a ratio with one or two significant figures, as its uncertainty deserves."""
    digits = 1 - len(str(int(ratio))) if ratio >= 100 else 0
    return f"{round(ratio, digits):,.0f}"


def where(verdict: Plain) -> str:
    """Name the face track that the result rests on, and its time."""
    tracks = [track for finding in verdict["findings"] for track in scored_tracks(finding)]
    if not tracks:
        return "The file"
    top = max(tracks, key=lambda track: float(track["log10_lr"]))
    if top["first_s"] == top["last_s"] == 0:
        return f"Face {top['id']}"
    return f"Face track {top['id']} ({clock(top['first_s'])}-{clock(top['last_s'])})"


def scored_tracks(finding: Plain) -> Sequence[Plain]:
    """Return the tracks of a finding that have a calibrated ratio."""
    return [t for t in finding["evidence"]["tracks"] if t["log10_lr"] is not None]


def faces(verdict: Plain) -> str:
    """Return "the N faces" with the number that was validated and scored."""
    ids = {track["id"] for finding in verdict["findings"] for track in scored_tracks(finding)}
    return "the 1 face" if len(ids) == 1 else f"the {len(ids)} faces"


def clock(seconds: float) -> str:
    """Return minutes and seconds, with hours where there are some."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def error_rate(flagged_real: Plain | None) -> str:
    """Return the rate of false alarms as counts."""
    if not flagged_real or not flagged_real["files"]:
        return "The rate of false alarms is not established."
    wrong, files = flagged_real["wrong"], flagged_real["files"]
    low, high = wilson_interval(wrong, files)
    return (
        f"In validation on {files:,} real files of comparable quality, {wrong:,} were flagged: "
        f"{wrong / files:.1%} (95 % interval {low:.1%}-{high:.1%}; {flagged_real['data']}, "
        f"{flagged_real['date']}). The rate on other material is not known."
    )


def scope(verdict: Plain) -> str:
    """Say what was and what was not examined."""
    done = ", ".join(TOPICS.get(word, word) for word in verdict["examined"]) or "nothing"
    left = ", ".join(TOPICS.get(word, word) for word in verdict["not_examined"])
    return f"Examined: {done}. Not examined: {left}."


def coverage(verdict: Plain) -> str:
    """Say how much of the file was seen."""
    seen = verdict["coverage"]
    said = f"{seen['frames_decoded']} of {seen['frames_asked']} frames, {seen['frames_with_face']} with a face"
    if seen["duration_s"] is not None and seen["max_gap_s"] is not None:
        said += f", over {clock(seen['duration_s'])}; an altered passage shorter than {seen['max_gap_s']:.1f} s may not have been seen"
    if seen["decode_errors"]:
        said += f"; {seen['decode_errors']} decoding errors"
    return f"Seen: {said}."
