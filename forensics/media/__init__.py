"""One descriptor per file: hash, probe, sample. The file is never changed, and nothing else is opened."""

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from av.container import InputContainer
from av.error import FFmpegError
from PIL.Image import Image

from ..errors import ErrorCode, MediaError
from ..escaping import shown
from ..records import MediaInfo, MediaKind, Passage, Sound
from ..settings import Settings
from . import animations, audio, sampling, stills, truncation, videos
from .decoder import decoder
from .descriptor import BLOCK_BYTES, DescriptorFile, descriptor, refusal
from .frame_source import Player
from .sampling import Sampling
from .sampling_plan import plan
from .shot_change import across_cut
from .signatures import HEAD_BYTES, not_decoded, refuse_foreign, too_many_pixels

if TYPE_CHECKING:
    from ..records import Picture

__all__ = ["Media", "Sampling", "across_cut", "opened"]


@contextmanager
def opened(path: str, settings: Settings | None = None) -> "Iterator[Media]":
    """Open one file for analysis; `path` may hold bytes that are not UTF-8, as `os.fsdecode` gives them.

    Raises MediaError: vanished, unreadable, busy, unsupported (not a regular file), empty or too_large.
    """
    limits = settings or Settings()
    with descriptor(path, limits.max_file_mb * 1e6) as fd:
        yield Media(fd, path, limits)


class Media:
    """One open file. All methods read the bytes behind the same descriptor, whatever becomes of the path."""

    def __init__(self, fd: int, path: str, settings: Settings) -> None:
        self.fd = fd
        self.name = shown(path)
        self._path = path
        self._settings = settings
        self._opened_as = identity(fd)

    def sha256(self) -> str:
        """Return the hash of all bytes, in hexadecimal. Raises MediaError unreadable, or changed for one that grows."""
        file, total = DescriptorFile(self.fd), hashlib.sha256()
        with self._decoding(file, OSError):
            while block := file.read(BLOCK_BYTES):
                total.update(block)
                if file.position > self._opened_as[1]:  # who writes faster than we read has no end
                    self.check_unchanged()
        return total.hexdigest()

    def check_unchanged(self) -> None:
        """Raise MediaError changed when the file was written to since it was opened."""
        if identity(self.fd) != self._opened_as:
            reason = f"{self.name}: was written to while it was read; it will be analysed again"
            raise MediaError(ErrorCode.CHANGED, reason)

    def probe(self, sha256: str) -> MediaInfo:
        """Say what the file is. Content decides, not the name.

        Raises MediaError: unsupported, undecodable, no_video, too_large (more pixels than are decoded) or unreadable.
        """
        refuse_foreign(self.name, self._head(), os.fstat(self.fd).st_size)
        file = DescriptorFile(self.fd)
        with self._decoding(file, *stills.BROKEN), stills.picture(file) as picture:
            if picture is not None and not stills.is_animated(picture):
                return self._still_info(sha256, picture)
            if picture is not None and animations.is_webp_animation(picture):
                return self._animation_info(sha256, picture)
        return self._video_info(sha256)

    def sample(
        self, info: MediaInfo, settings: Settings, passage: Passage | None = None
    ) -> Sampling:
        """Return the sampled frames of what `probe` found, decoded while they are iterated.

        Raises MediaError no_video when the passage lies outside the video.
        """
        if info.kind is MediaKind.STILL:
            return sampling.of_still(self._decode_still)
        wanted = plan(info, settings, passage or Passage())
        if info.duration_s and wanted.start_s >= wanted.end_s:
            reason = (
                f"{self.name}: lasts {info.duration_s:.1f} s; the passage asked for has no frame"
            )
            raise MediaError(ErrorCode.NO_VIDEO, reason)
        opener = self._animation if info.container == animations.CONTAINER else self._decoder
        to_the_end = wanted.end_s >= (info.duration_s or 0.0)
        is_cut = to_the_end and truncation.is_cut(self.fd, info.container)
        return sampling.of_video(info, wanted, partial(opener, is_cut), self._not_decoded())

    @contextmanager
    def played(self, info: MediaInfo) -> Iterator[Player]:
        """Give what plays the whole video from its start; frames that can't be decoded are left out."""
        opener = self._animation if info.container == animations.CONTAINER else self._decoder
        with opener(False, Counter()) as player:
            yield player

    def sound(self, info: MediaInfo, passage: Passage) -> Sound | None:
        """Return the sound of a video's passage, decoded now; None where there is none that can be decoded."""
        if info.kind is MediaKind.STILL or info.container == animations.CONTAINER:
            return None
        with self._container() as container:
            return audio.decoded(container, passage)

    def _still_info(self, sha256: str, picture: Image) -> MediaInfo:
        self._check_pixels(*picture.size)  # first: Pillow decodes a PNG to look for its EXIF
        width, height = stills.upright_size(picture)
        kind = str(picture.format).lower()
        size = os.fstat(self.fd).st_size
        return MediaInfo(sha256, size, MediaKind.STILL, kind, kind, width, height)

    def _animation_info(self, sha256: str, picture: Image) -> MediaInfo:
        self._check_pixels(*picture.size)
        times_s = animations.frame_times(DescriptorFile(self.fd))
        return animations.described(picture, times_s, sha256, os.fstat(self.fd).st_size)

    def _video_info(self, sha256: str) -> MediaInfo:
        with self._container() as container:
            stream = videos.recording(container, self.name, self._settings.max_megapixels)
            if not stream.width * stream.height:
                self._check_claim()
            info = videos.described(container, stream, sha256)
        self._check_pixels(info.width, info.height)
        return info if info.duration_s else replace(info, duration_s=self._measured())

    def _check_claim(self) -> None:
        """Raise MediaError too_large when that is why the decoders gave no size."""
        with self._container(videos.header_only()) as container:
            videos.recording(container, self.name, self._settings.max_megapixels)

    def _measured(self) -> float | None:
        with self._container() as container:
            stream = videos.recording(container, self.name, self._settings.max_megapixels)
            return videos.measured(container, stream)

    def _decode_still(self) -> "Picture":
        file = DescriptorFile(self.fd)
        with self._decoding(file, *stills.BROKEN), stills.picture(file) as picture:
            if picture is None:
                raise self._not_decoded()
            self._check_pixels(*picture.size)
            return stills.pixels(picture)

    @contextmanager
    def _container(self, options: dict[str, str] | None = None) -> Iterator[InputContainer]:
        file = DescriptorFile(self.fd)
        how = options or videos.limited(self._settings.max_megapixels)
        with (
            self._decoding(file, OSError, FFmpegError),
            videos.container(file, how) as container,
        ):
            yield container

    @contextmanager
    def _decoder(self, is_cut: bool, faults: "Counter[str]") -> Iterator[Player]:
        file = DescriptorFile(self.fd)
        faults["decode"] += is_cut
        with (
            self._decoding(file, OSError, FFmpegError),
            decoder(file, self.name, self._settings, faults) as player,
        ):
            if (
                is_cut and videos.source(player.stream).format.name == "mxf"
            ):  # without its index, times after a jump are guesses
                player.timed = False
            yield player
            if file.fault:
                raise file.fault

    @contextmanager
    def _animation(self, is_cut: bool, faults: "Counter[str]") -> Iterator[Player]:
        file = DescriptorFile(self.fd)
        faults["decode"] += is_cut
        with self._decoding(file, *stills.BROKEN), stills.picture(file) as opened_picture:
            picture = opened_picture
        if picture is None:
            raise self._not_decoded()
        times_s = animations.frame_times(DescriptorFile(self.fd))
        yield animations.Animation(picture, times_s, faults)
        if file.fault:
            raise refusal(self._path, file.fault)

    @contextmanager
    def _decoding(self, file: DescriptorFile, *broken: type[Exception]) -> Iterator[None]:
        """Say what a decoder's failure means: the system refused a read, or the content is broken."""
        try:
            yield
        except MemoryError:  # FFmpeg's own is one of its errors too
            raise
        except broken as error:
            if file.fault:
                raise refusal(self._path, file.fault) from error
            raise self._not_decoded() from error

    def _head(self) -> bytes:
        return os.pread(self.fd, HEAD_BYTES, 0)

    def _not_decoded(self) -> MediaError:
        return not_decoded(self.name, self._head())

    def _check_pixels(self, width: int, height: int) -> None:
        limit = self._settings.max_megapixels
        if width * height > limit * 1e6:
            raise too_many_pixels(self.name, width, height, limit)


def identity(fd: int) -> tuple[int, int, int]:
    """Return what changes when a file is written to."""
    status = os.fstat(fd)
    return status.st_ino, status.st_size, status.st_mtime_ns
