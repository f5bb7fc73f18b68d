"""Files that hold recordings and are none: refused, each with what to do about it."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from forensics.errors import ErrorCode, MediaError
from forensics.media import signatures

from ..fakes import Clip, render
from .test_media import seen


def film(path: Path) -> bytes:
    return render(path.with_suffix(".mp4"), Clip()).read_bytes()


def zipped(path: Path) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("a.mp4", film(path))
    return content.getvalue()


def tarred(path: Path) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.add(path.parent / "there.mp4" if film(path) else path, arcname="a.mp4")
    return content.getvalue()


def gzipped(path: Path) -> bytes:
    return gzip.compress(film(path))


def after(head: bytes) -> Callable[[Path], bytes]:
    """A signature, and after it a film, as if stored there."""
    return lambda path: head + bytes(64 - len(head)) + film(path)


def disk(path: Path) -> bytes:
    """A disk image: boot code, the mark of a boot sector, and a film on it."""
    return b"\xeb\x3c\x90MSDOS5.0".ljust(510, b"\0") + b"\x55\xaa" + film(path)


# row of the table: how it is made, the words of the advice
FOREIGN: dict[str, tuple[Callable[[Path], bytes], str]] = {
    "ZIP, office documents, AFF4": (zipped, "unpack it first"),
    "TAR": (tarred, "unpack it first"),
    "GZIP": (gzipped, "unpack it first"),
    "BZIP2": (after(b"BZh91AY&SY"), "unpack it first"),
    "XZ": (after(b"\xfd7zXZ\0"), "unpack it first"),
    "7z": (after(b"7z\xbc\xaf\x27\x1c"), "unpack it first"),
    "RAR": (after(b"Rar!\x1a\x07\x01\0"), "unpack it first"),
    "EnCase image (E01)": (after(b"EVF\x09\r\n\xff\0"), "disk image"),
    "EnCase logical image (L01)": (after(b"LVF\x09\r\n\xff\0"), "disk image"),
    "EnCase image, version 2 (Ex01)": (after(b"EVF2\r\n\x81\0"), "disk image"),
    "AFF": (after(b"AFF10\r\n\0"), "disk image"),
    "Disk image (dd)": (disk, "disk image"),
    "Disk of a virtual machine (VMDK, VHD, VHDX, QCOW)": (after(b"KDMV"), "disk image"),
    "PDF": (after(b"%PDF-1.7\n"), "document"),
    "Old office document": (after(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "document"),
    "CCTV, Hikvision (IMKH)": (after(b"IMKH\x01\x01\0\0"), "maker's player"),
    "CCTV, unknown": (after(b"NVRX\x01\0\0\0"), "maker's player"),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_what_holds_recordings_is_refused_with_advice(tmp_path: Path, kind: str) -> None:
    make, advice = FOREIGN[kind]
    path = tmp_path / "there.bin"
    path.write_bytes(make(path))
    with pytest.raises(MediaError, match=advice) as caught:
        seen(path)
    assert caught.value.code is ErrorCode.UNSUPPORTED
    assert "there.bin" in str(caught.value)


def test_a_heif_picture_larger_than_is_read_at_once_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "a.heic"
    path.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    with path.open("r+b") as file:
        file.truncate(signatures.HEIF_BYTES + 1)
    with pytest.raises(MediaError) as caught:
        seen(path)
    assert caught.value.code is ErrorCode.TOO_LARGE


@pytest.mark.parametrize(
    ("brands", "is_heif"),
    [
        pytest.param(b"heic\0\0\0\0mif1heic", True, id="phone"),
        pytest.param(b"mif1\0\0\0\0mif1heic", True, id="generic"),
        pytest.param(b"mif1\0\0\0\0mif1avif", False, id="AV1 inside"),
        pytest.param(b"msf1\0\0\0\0msf1hevc", False, id="sequence"),
        pytest.param(b"isom\0\0\0\0isommp42", False, id="video"),
    ],
)
def test_brands_tell_heif_from_its_relatives(brands: bytes, is_heif: bool) -> None:
    head = (8 + len(brands)).to_bytes(4, "big") + b"ftyp" + brands
    assert signatures.is_heif(head) is is_heif
