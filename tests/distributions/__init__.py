"""Distributions that tests install by putting them on `sys.path`."""

from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

COLOUR = Path(__file__).parent / "colour"
OBEDIENT = Path(__file__).parent / "obedient"
PATCH = Path(__file__).parent / "patch"


def write_distribution(folder: Path, name: str, source: str) -> None:
    """Write a plugin distribution of one module, with an entry point of the same name."""
    module = f"forensics_{name}"
    (folder / f"{module}.py").write_text(source)
    info = folder / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.4\nName: forensics-{name}\nVersion: 1.0\nLicense-Expression: MIT\n"
    )
    (info / "entry_points.txt").write_text(f"[forensics]\n{name} = {module}\n")


def write_still(path: Path, colour: tuple[int, int, int], side: int = 64) -> Path:
    """Write a picture of one colour, RGB, which is what the colour detector judges by."""
    Image.new("RGB", (side, side), colour).save(path)
    return path


def write_order(path: Path, order: str = "", number: int = 0) -> Path:
    """Write a small picture that tells the obedient detector what to do; another number makes other bytes."""
    text = PngInfo()
    text.add_text("Comment", f"number={number}\n" + (f"order={order}\n" if order else ""))
    Image.new("RGB", (8, 8), (number % 256, number // 256 % 256, 0)).save(path, pnginfo=text)
    return path
