"""The sentences that people read. The words for a result stand here and nowhere else.

Works on the plain form of a verdict (`serialization.plain`), fresh from an analysis or out of the database.
The verbal scale is that of the ENFSI Guideline for Evaluative Reporting in Forensic Science (2015), table in 5.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ..analysis.fusion import mean, wilson_interval

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
    "low_quality": "The faces are smaller, or seen in fewer frames, than those the detectors were validated on.",
    "outside_validation": "The detectors were not validated on this kind of media, or, under this policy, on so many faces.",
    "truncated": "Too much of the file could not be decoded.",
    "uncalibrated": "The detectors that scored it have no calibration, or none under this policy: they do not vote.",
    "no_face": "Not assessed: no face{least} was found.",
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

QUESTION = (
    "Was a face in this file generated or altered by a kind of method that the detectors were "
    "validated on?"
)

HEAT_MAP = "shows where the network responded; it does not locate a manipulation"

LIMITS = (
    "The result is about the faces found in the sampled frames. What was not examined is named with it.",
    "A likelihood ratio says how well the result agrees with either proposition. How probable either one is depends "
    "on everything else that is known of the case, which this program does not know.",
    "The error rates were counted on the data named with them. For other cameras, other processing and other methods "
    "of manipulation they are not known.",
    "Faces that are smaller than those of the validation, or seen in fewer sampled frames, are scored and decide nothing.",
    "Compression, scaling and recording from a screen can remove what detectors respond to.",
    f"A heat map {HEAT_MAP}.",
    "The processing record shows which bytes were examined, when, and by what. It is not a chain of custody: it says "
    "nothing about where the file came from. That its newest entries were cut off, or that all of it was written anew, "
    "shows only against a hash of the chain that was kept elsewhere.",
)

ERRORS = ("flagged_real", "missed_fake")


def propositions(verdict: Plain) -> tuple[str, str]:
    """Return the two propositions that a result is held against."""
    count = len(scored_faces(verdict))
    recorded = "recorded by a camera and processed ordinarily"
    altered = "generated or altered by a validated kind of method"
    if count == 1:
        return f"The face was {altered}.", f"The face was {recorded}."
    one = f"One of the {count} faces" if count else "A face in the file"
    every = f"Each of the {count} faces" if count else "Every face in the file"
    return f"{one} was {altered}.", f"{every} was {recorded}."


def result(verdict: Plain) -> str:
    """Return the sentence that states a verdict."""
    label, reason = verdict["label"], verdict["reason"]
    if label == "not_assessed":
        smallest = verdict["provenance"]["smallest_face_px"]
        return REASONS[reason].format(least=f" of at least {smallest:.0f} px" if smallest else "")
    if label == "inconclusive":
        said = "The examination supports neither proposition over the other."
        return f"{said} {REASONS[reason]}" if reason else said
    if label == "real":
        return (
            "No indication of face manipulation of the validated kinds was found in "
            f"{faces(verdict)} examined. This does not show that the recording is authentic."
        )
    return fake_result(verdict)


def unfinished(told: Plain) -> str:
    """Return the sentence for a file without a verdict: why it could not be analysed, or that it was not yet."""
    if not told["error"]:
        return "No result: the file has not been analysed yet."
    return f"No result: the file could not be analysed ({told['error']}). {told['error_message'] or ''}".rstrip()


def fake_result(verdict: Plain) -> str:
    """Return the sentence for a file in which something stands out; its ratio is that of all faces together."""
    place, ratio = where(verdict), verdict["log10_lr"]
    if ratio is None or 10**ratio < 2:
        return f"{place}: screening flag."
    altered, recorded = subjects(len(scored_faces(verdict)))
    return (
        f"{place}: the result is about {rounded(10**ratio)} times more probable if {altered} generated or "
        f"altered by a validated kind of method than if {recorded} recorded by a camera and processed "
        f"ordinarily ({support(10**ratio)})."
    )


def subjects(count: int) -> tuple[str, str]:
    """Return the subjects of the two propositions about so many faces; without faces they are about the file."""
    if count > 1:
        return "one of them was", "all were"
    return "the face was" if count else "it was", "it was"


def support(ratio: float) -> str:
    """Return the verbal equivalent of a likelihood ratio of 2 or more."""
    return next(words for least, words in SCALE if ratio >= least)


def rounded(ratio: float) -> str:
    """Return a ratio cut to at most two significant figures below 100 and one above.

    It is rounded down, so that the number never claims more than the words of the verbal scale beside it.
    """
    whole = int(ratio)
    step = 10 ** (len(str(whole)) - 1) if whole >= 100 else 1
    return f"{whole // step * step:,}"


def where(verdict: Plain) -> str:
    """Name the face that the result rests on, and its time; among several the one with the highest ratio."""
    scored = list(scored_faces(verdict).values())
    if not scored:
        return "The file"
    track = max(scored, key=mean_ratio)[0]
    name = f"face track {track['id']} ({clock(track['first_s'])}-{clock(track['last_s'])})"
    if track["first_s"] == track["last_s"] == 0:
        name = f"face {track['id']}"
    most_likely = f"one of the {len(scored)} faces, most likely {name}"
    return (name if len(scored) == 1 else most_likely).capitalize()


def scored_faces(verdict: Plain) -> dict[int, list[Plain]]:
    """Return the tracks that have a calibrated ratio, by face: one from each detector that scored it."""
    found: dict[int, list[Plain]] = {}
    for finding in verdict["findings"]:
        for track in finding["evidence"]["tracks"]:
            if track["log10_lr"] is not None:
                found.setdefault(track["id"], []).append(track)
    return found


def mean_ratio(tracks: Sequence[Plain]) -> float:
    """Return the log10 ratio of one face, over the detectors that scored it."""
    return mean([float(track["log10_lr"]) for track in tracks])


def faces(verdict: Plain) -> str:
    """Return "the N faces" with the number that was validated and scored, or "the file" where none was."""
    count = len(scored_faces(verdict))
    return "the file" if not count else "the 1 face" if count == 1 else f"the {count} faces"


def clock(seconds: float) -> str:
    """Return minutes and seconds, with hours where there are some."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def error_rates(label: str | None, rates: Plain) -> tuple[str, ...]:
    """Return how often a verdict like this was wrong in validation; both errors where the label is neither.

    `label` is None for many verdicts; `rates` has the calibration's `flagged_real` and `missed_fake`.
    """
    if label == "fake":
        return (false_alarms(rates.get("flagged_real")),)
    if label == "real":
        return (missed_fakes(rates.get("missed_fake")),)
    return false_alarms(rates.get("flagged_real")), missed_fakes(rates.get("missed_fake"))


def validated_errors(verdict: Plain) -> dict[str, dict[str, Plain | None]]:
    """Return the errors in validation, `flagged_real` and `missed_fake`, by who made them.

    These are those that voted, together, where that was measured, or else each calibrated detector.
    """
    if joint := voted_together(verdict):
        return {" + ".join(joint["of"]): {key: joint[key] for key in ERRORS}}
    findings = {finding["detector"]: finding for finding in verdict["findings"]}
    return {
        name: {key: bounds(calibration, findings.get(name)).get(key) for key in ERRORS}
        for described in verdict["provenance"]["pipeline"]["detectors"]
        if (calibration := described.get("calibration")) and (name := described["name"])
    }


def voted_together(verdict: Plain) -> Plain | None:
    """Return what was measured of just those that voted, on files of one face; None for others."""
    voters = [finding for finding in verdict["findings"] if finding["log10_lr"] is not None]
    if any(faces_judged(finding) > 1 for finding in voters):
        return None
    names = {finding["detector"] for finding in voters}
    known = verdict["provenance"]["pipeline"].get("together", ())
    return next((one for one in known if set(one["of"]) == names), None)


def faces_judged(finding: Plain) -> int:
    """Return how many of a finding's tracks have a ratio."""
    return sum(track["log10_lr"] is not None for track in finding["evidence"]["tracks"])


def bounds(calibration: Plain, finding: Plain | None) -> Plain:
    """Return a calibration's thresholds and errors for as many faces as a finding judged; empty where there are none."""
    faces = faces_judged(finding) if finding else 0
    if faces < 2 or not calibration.get("crowds"):
        return calibration
    found = next((one["at"] for one in calibration["crowds"] if one["faces"] >= faces), None)
    return found or {}


def false_alarms(rate: Plain | None) -> str:
    """Return the rate of real material that was flagged, as counts."""
    if not rate or not rate["files"]:
        return "The rate of false alarms is not established."
    return counts(rate, "real", "were flagged")


def missed_fakes(rate: Plain | None) -> str:
    """Return the rate of manipulated material in which nothing was found, as counts."""
    if not rate or not rate["files"]:
        return "The rate of missed fakes is not established."
    return counts(rate, "manipulated", "showed no indication")


def counts(rate: Plain, truth: str, error: str) -> str:
    """Return an error rate as counts with its 95 % interval."""
    wrong, files = rate["wrong"], rate["files"]
    low, high = wilson_interval(wrong, files)
    return (
        f"In validation on {files:,} {truth} {rate.get('unit', 'files')} of comparable quality, {wrong:,} {error}: "
        f"{wrong / files:.1%} (95 % interval {low:.1%}-{high:.1%}; {rate['data']}, "
        f"{rate['date']}). The rate on other material is not known."
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
