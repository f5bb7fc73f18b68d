"""The process that takes pictures for `thumbnails`: confined first, then what reads strangers' files is loaded.

It answers with `{"time_s", "jpeg", ..}` for each picture, `{"problem"}` for a sentence why there are none or fewer (`void`:
those made before are of other bytes), and `{"done": true}` at last.
"""

import base64
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

from ..errors import ErrorCode, ForensicsError, MediaError
from ..process import sandbox
from ..process.child import Send, answer_confined
from ..records import Box, Frame, MediaInfo, MediaKind
from ..settings import Settings

if TYPE_CHECKING:
    from ..media import Media
    from ..media.frame_source import Player
    from ..records import Picture

FRAME_PX = (320, 640)
"""The largest width and height of a picture of a frame."""
FACE_PX = 160
QUALITY = 80  # of JPEG
SAME_S = 1e-4  # recorded times are rounded to a microsecond, a frame lasts longer
BLOCKS = 8  # across a face that is blurred: nobody is known by 64 colours
LARGEST = 4  # times the frame: a larger box is no face
AROUND = 0.3  # of a face's size is blurred on each side of its box, too: hair, ears, chin
SHORTAGE = "No pictures could be made: that takes more memory than 'memory_mb' allows."

Plain = Mapping[str, Any]


def main() -> None:
    """Take the pictures that are asked for."""
    answer_confined(answer, SHORTAGE)


def answer(request: Plain, settings: Settings, send: Send) -> None:
    """Send what becomes of a request."""
    for line in answers(request, settings):
        send(line)


def answers(request: Plain, settings: Settings) -> Iterator[dict[str, Any]]:
    """Yield what becomes of a request. What reads media is imported here, when the process is confined."""
    try:
        import cv2

        from ..media import opened
    except ImportError as error:
        advice = "run \"pip install 'media-forensics[faces]'\""
        yield {"problem": f"No pictures can be made: {error}; {advice}."}
        return
    cv2.setNumThreads(1)
    sandbox.limit_data(settings.memory_mb)
    lost: list[str] = []
    for path in request["paths"]:
        try:
            with opened(path, settings) as media:
                if (sha256 := media.sha256()) != request["media"]["sha256"]:
                    lost.append(f"{media.name} has changed since: its SHA-256 is {sha256[:12]}..")
                    continue
                yield from pictures(media, request)
                return
        except MediaError as error:
            lost.append(str(error))
    yield {"problem": f"No pictures can be made: {'; '.join(lost)}."}


def pictures(media: "Media", request: Plain) -> Iterator[dict[str, Any]]:
    """Yield the pictures of one file that has the right bytes, in order of time."""
    info = MediaInfo(**{**request["media"], "kind": MediaKind(request["media"]["kind"])})
    count = 0
    try:
        for frame in frames(media, info, request["times_s"]):
            count += 1
            shot = of_frame(frame.pixels, request["blur"].get(key(frame.time_s), []))
            yield {"time_s": frame.time_s, **shot}
            for face in request["faces"].get(key(frame.time_s), []):
                yield {**face, "time_s": frame.time_s, **of_face(frame.pixels, face, request)}
        media.check_unchanged()
    except ForensicsError as error:
        void = isinstance(error, MediaError) and error.code is ErrorCode.CHANGED
        yield {"problem": f"Not all pictures could be made: {error}.", "void": void}
        return
    if count < len(request["times_s"]):
        yield {"problem": f"Only {count} of {len(request['times_s'])} frames were found again."}
    yield {"done": True}


def key(time_s: float) -> str:
    """Return a recorded time as the key under which a request has what lies at it."""
    return f"{time_s:.6f}"


def frames(media: "Media", info: MediaInfo, times_s: Sequence[float]) -> Iterator[Frame]:
    """Yield the frames at recorded times, oldest first, each under its recorded time; those not found are left out."""
    if info.kind is MediaKind.STILL:
        yield from (Frame(0, 0.0, frame.pixels) for frame in media.sample(info, Settings()))
        return
    from ..media.videos import pixels

    with media.played(info) as player:
        before_s = -1.0
        for time_s in sorted(times_s):
            played = seek(player, before_s, time_s)
            if played is None:
                return
            before_s = played[0]
            if abs(max(before_s, 0.0) - time_s) <= SAME_S:
                yield Frame(0, time_s, pixels(played[1], player.aspect))


def seek(player: "Player", before_s: float, time_s: float) -> Any:
    """Return the next frame at a time, jumping to the key frame before it when that is new; None at the end."""
    key_s = player.key_near(time_s)
    if key_s is not None and before_s < key_s <= time_s:
        player.jump(time_s)
    return player.next_at(time_s - SAME_S if time_s > 0 else float("-inf"))


def of_frame(pixels: "Picture", boxes: Sequence[Box]) -> dict[str, Any]:
    """Return a picture of a whole frame, with what lies in and around `boxes` blurred."""
    from PIL import Image

    picture = pixels.copy() if boxes else pixels
    for box in boxes:
        left, top, right, bottom = around(box, *pixels.shape[1::-1])
        if left < right and top < bottom:
            face = picture[top:bottom, left:right]
            face[...] = blurred(face, (right - left, bottom - top))
    image = Image.fromarray(picture)
    image.thumbnail(FRAME_PX)
    return packed(image)


def around(box: Box, width: int, height: int) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of a box and its surroundings, as far as they lie in the frame."""
    left, top, wide, high = box
    x, y = AROUND * wide, AROUND * high
    return (
        int(max(left - x, 0)),
        int(max(top - y, 0)),
        int(min(left + wide + x, width)),
        int(min(top + high + y, height)),
    )


def of_face(pixels: "Picture", face: Plain, request: Plain) -> dict[str, Any]:
    """Return a picture of the square that a detector saw of a face, mirrored beyond the frame's edge as it saw it."""
    from PIL import Image

    from ..faces import CropGeometry, region, resized, square

    place = square(face["box"], CropGeometry(px=FACE_PX, **request["crop"]))
    seen = region(pixels, *place) if place[2] <= LARGEST * max(pixels.shape) else pixels
    small = blurred(seen, (FACE_PX, FACE_PX)) if request["is_blurred"] else resized(seen, FACE_PX)
    return {**packed(Image.fromarray(small)), "region": place}


def blurred(pixels: "Picture", size: tuple[int, int]) -> "Picture":
    """Return the few colours of a picture spread over `size` (width, height): what was between them is gone."""
    import cv2
    import numpy as np

    few = cv2.resize(pixels, (BLOCKS, BLOCKS), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(few, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def packed(image: Any) -> dict[str, Any]:
    """Return a Pillow image as it travels."""
    with closing(io.BytesIO()) as file:
        image.save(file, "JPEG", quality=QUALITY)
        jpeg = base64.b64encode(file.getvalue()).decode("ascii")
    return {"jpeg": jpeg, "width": image.width, "height": image.height}


if __name__ == "__main__":
    main()
