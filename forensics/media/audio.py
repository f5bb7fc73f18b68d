"""The sound of a video: its first audio stream, mixed to one channel at 16 kHz, as models of speech take it."""

import math
from collections.abc import Iterator

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError

from ..records import Passage, Sound

RATE_HZ = 16_000
MOST_S = 600.0  # 38 MB

Samples = npt.NDArray[np.float32]


def decoded(opened: InputContainer, passage: Passage) -> Sound | None:
    """Return the sound of a passage, ten minutes of it at most; None without sound that can be decoded."""
    stream = next((s for s in opened.streams.audio if s.codec_context is not None), None)
    if stream is None:
        return None
    start_s = passage.start_s or 0.0
    end_s = min(passage.end_s or math.inf, start_s + MOST_S)
    if start_s:
        opened.seek(int(start_s * av.time_base))
    first_s, pieces, is_whole = None, list[Samples](), True
    resampler = av.AudioResampler(format="fltp", rate=RATE_HZ)
    try:
        for frame in between(opened, stream, start_s, end_s):
            first_s = (frame.time or 0.0) if first_s is None else first_s
            pieces += resampled(resampler, frame)
    except (FFmpegError, ValueError):  # the latter when the stream changes its form on the way
        is_whole = False
    if first_s is None:
        return None
    samples = np.concatenate([*pieces, *resampled(resampler, None)])
    early = max(round((start_s - first_s) * RATE_HZ), 0)
    began_s = max(first_s, start_s)
    kept = samples[early : early + round((end_s - began_s) * RATE_HZ)]
    is_cut = passage.end_s is None and len(kept) < len(samples) - early
    return Sound(np.ascontiguousarray(kept), RATE_HZ, began_s, is_whole and not is_cut)


def between(
    opened: InputContainer, stream: AudioStream, start_s: float, end_s: float
) -> Iterator[AudioFrame]:
    """Yield the frames that overlap a passage."""
    for frame in opened.decode(stream):
        time_s = frame.time or 0.0
        if time_s >= end_s:
            return
        if time_s + frame.samples / (frame.sample_rate or RATE_HZ) > start_s:
            yield frame


def resampled(resampler: av.AudioResampler, frame: AudioFrame | None) -> Iterator[Samples]:
    """Yield what a frame gives, or (None) what is left in the resampler: (N,) floats, the mean of the channels."""
    if frame is not None:
        frame.pts = None  # a gap in the times is no silence to be made up
    for piece in resampler.resample(frame):
        yield piece.to_ndarray().mean(axis=0, dtype=np.float32)  # (C, N)
