"""The sentences that people read. The words for a result stand here and nowhere else.

Works on a verdict as it is stored (`StoredVerdict`).
The verbal scale is that of the ENFSI Guideline for Evaluative Reporting in Forensic Science (2015), table in 5.
"""

from collections.abc import Sequence

from ..analysis.fusion import bounds, faces_judged, fitted_for, mean, wilson_interval
from ..errors import ErrorCode
from ..records import (
    EXAMINABLE,
    ErrorRate,
    ErrorRates,
    StoredFinding,
    StoredVerdict,
    Together,
    TrackScore,
)

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


def propositions(verdict: StoredVerdict | None) -> tuple[str, str]:
    """Return the two propositions that a result is held against; without a verdict they are about any face."""
    count = len(scored_faces(verdict.findings)) if verdict else 0
    recorded = "recorded by a camera and processed ordinarily"
    altered = "generated or altered by a validated kind of method"
    if count == 1:
        return f"The face was {altered}.", f"The face was {recorded}."
    any_face = f"One of the {count} faces" if count else "A face in the file"
    every_face = f"Each of the {count} faces" if count else "Every face in the file"
    return f"{any_face} was {altered}.", f"{every_face} was {recorded}."


def result(verdict: StoredVerdict) -> str:
    """Return the sentence that states a verdict."""
    label, reason = verdict.label, verdict.reason
    if label == "not_assessed":
        smallest = verdict.provenance.smallest_face_px
        sentence = REASONS[reason] if reason else "Not assessed."
        return sentence.format(least=f" of at least {smallest:.0f} px" if smallest else "")
    if label == "inconclusive":
        neither = "The examination supports neither proposition over the other."
        return f"{neither} {REASONS[reason]}" if reason else neither
    if label == "real":
        return (
            "No indication of face manipulation of the validated kinds was found in "
            f"{faces(verdict)} examined. This does not show that the recording is authentic."
        )
    return fake_result(verdict)


def unfinished(error: ErrorCode | None, message: str | None) -> str:
    """Return the sentence for a file without a verdict: why it could not be analysed, or that it was not yet."""
    if not error:
        return "No result: the file has not been analysed yet."
    return f"No result: the file could not be analysed ({error}). {message or ''}".rstrip()


def fake_result(verdict: StoredVerdict) -> str:
    """Return the sentence for a file in which something stands out; its ratio is that of all faces together."""
    place, ratio = where(verdict), verdict.log10_lr
    if ratio is None or 10**ratio < 2:
        return f"{place}: screening flag."
    altered, recorded = subjects(len(scored_faces(verdict.findings)))
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


def where(verdict: StoredVerdict) -> str:
    """Name the face that the result rests on, and its time; among several the one with the highest ratio."""
    scored = list(scored_faces(verdict.findings).values())
    if not scored:
        return "The file"
    track = max(scored, key=mean_ratio)[0]
    name = f"face track {track.id} ({clock(track.first_s)}-{clock(track.last_s)})"
    if track.first_s == track.last_s == 0:
        name = f"face {track.id}"
    most_likely = f"one of the {len(scored)} faces, most likely {name}"
    return (name if len(scored) == 1 else most_likely).capitalize()


def scored_faces(findings: Sequence[StoredFinding]) -> dict[int, list[TrackScore]]:
    """Return the tracks that have a calibrated ratio, by face: one from each detector that scored it."""
    tracks: dict[int, list[TrackScore]] = {}
    for finding in findings:
        for track in finding.evidence.tracks:
            if track.log10_lr is not None:
                tracks.setdefault(track.id, []).append(track)
    return tracks


def mean_ratio(tracks: Sequence[TrackScore]) -> float:
    """Return the log10 ratio of one face, over the detectors that scored it."""
    return mean([track.log10_lr for track in tracks if track.log10_lr is not None])


def faces(verdict: StoredVerdict) -> str:
    """Return "the N faces" with the number that was validated and scored, or "the file" where none was."""
    count = len(scored_faces(verdict.findings))
    return "the file" if not count else "the 1 face" if count == 1 else f"the {count} faces"


def clock(seconds: float) -> str:
    """Return minutes and seconds, with hours where there are some."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def error_rates(label: str | None, rates: ErrorRates) -> tuple[str, ...]:
    """Return how often a verdict like this was wrong in validation; both errors where the label is neither.

    `label` is None for many verdicts.
    """
    if label == "fake":
        return (false_alarms(rates.flagged_real),)
    if label == "real":
        return (missed_fakes(rates.missed_fake),)
    return false_alarms(rates.flagged_real), missed_fakes(rates.missed_fake)


def validated_errors(verdict: StoredVerdict) -> dict[str, ErrorRates]:
    """Return the errors in validation by who made them.

    These are those that voted, together, where that was measured, or else each calibrated detector.
    """
    if joint := voted_together(verdict):
        return {" + ".join(joint.of): ErrorRates(joint.flagged_real, joint.missed_fake)}
    faces = {finding.detector: faces_judged(finding) for finding in verdict.findings}
    rates = {}
    for name, calibration in verdict.provenance.pipeline.calibrations.items():
        if calibration:
            at = bounds(calibration, faces.get(name, 0))
            rates[name] = ErrorRates(at.flagged_real, at.missed_fake) if at else ErrorRates()
    return rates


def voted_together(verdict: StoredVerdict) -> Together | None:
    """Return what was measured of just those that voted, on such media; None for others.

    What was not fitted for them together was counted on files of one face.
    """
    kind, known = verdict.media.kind, verdict.provenance.pipeline.together
    if joint := fitted_for(verdict.voters, known, kind):
        return joint
    if any(faces_judged(finding) > 1 for finding in verdict.voters):
        return None
    names = {finding.detector for finding in verdict.voters}
    return next((joint for joint in known if set(joint.of) == names and kind in joint.kinds), None)


def false_alarms(rate: ErrorRate | None) -> str:
    """Return the rate of real material that was flagged, as counts."""
    if not rate or not rate.files:
        return "The rate of false alarms is not established."
    return counts(rate, "real", "were flagged", "showed no indication")


def missed_fakes(rate: ErrorRate | None) -> str:
    """Return the rate of manipulated material in which nothing was found, as counts."""
    if not rate or not rate.files:
        return "The rate of missed fakes is not established."
    return counts(rate, "manipulated", "showed no indication", "were flagged")


def counts(rate: ErrorRate, truth: str, error: str, right: str) -> str:
    """Return an error rate as counts with its 95 % interval, and where they are known the other outcomes."""
    wrong, files = rate.wrong, rate.files
    low, high = wilson_interval(wrong, files)
    others = ""
    if rate.undecided is not None:
        others = (
            f", {rate.undecided:,} were inconclusive, {files - wrong - rate.undecided:,} {right}"
        )
    return (
        f"In validation on {files:,} {truth} {rate.unit} of comparable quality, {wrong:,} {error}{others}: "
        f"{wrong / files:.1%} (95 % interval {low:.1%}-{high:.1%}; {rate.data}, "
        f"{rate.date}). The rate on other material is not known."
    )


def scope(verdict: StoredVerdict | None) -> str:
    """Say what was and what was not examined; without a verdict nothing was."""
    examined = verdict.examined if verdict else ()
    not_examined = verdict.not_examined if verdict else EXAMINABLE
    done = ", ".join(TOPICS.get(word, word) for word in examined) or "nothing"
    left = ", ".join(TOPICS.get(word, word) for word in not_examined)
    return f"Examined: {done}. Not examined: {left}."


def coverage(verdict: StoredVerdict | None) -> str:
    """Say how much of the file was seen."""
    seen = verdict.coverage if verdict else None
    if seen is None:
        return "Seen: nothing of it."
    text = (
        f"{seen.frames_decoded} of {seen.frames_asked} frames, {seen.frames_with_face} with a face"
    )
    if seen.duration_s is not None and seen.max_gap_s is not None:
        text += f", over {clock(seen.duration_s)}; an altered passage shorter than {seen.max_gap_s:.1f} s may not have been seen"
    if seen.decode_errors:
        text += f"; {seen.decode_errors} decoding errors"
    return f"Seen: {text}."
