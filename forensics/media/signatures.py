"""What the first bytes say a file is, so that a broken recording is told from something else."""

import re

from ..errors import ErrorCode, MediaError

HEAD_BYTES = 512

# Signatures as in the formats' own specifications; FFmpeg and Pillow decide what can be decoded.
SIGNATURES = (
    re.compile(rb"....(ftyp|moov|mdat|wide|moof)", re.DOTALL),  # ISO base media, QuickTime
    re.compile(rb"\x1a\x45\xdf\xa3"),  # EBML: Matroska, WebM
    re.compile(rb"RIFF....(AVI |WEBP|WAVE)", re.DOTALL),
    re.compile(rb"GIF8[79]a"),
    re.compile(rb"\xff\xd8\xff"),  # JPEG
    re.compile(rb"\x89PNG\r\n\x1a\n"),
    re.compile(rb"BM.{4}\0\0\0\0", re.DOTALL),  # BMP
    re.compile(rb"II\*\0|MM\0\*|II\+\0|MM\0\+"),  # TIFF, BigTIFF
    re.compile(rb"FLV\x01"),
    re.compile(rb"OggS"),
    re.compile(rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11"),  # ASF: WMV
    re.compile(rb"\0\0\x01[\xba\xb3]"),  # MPEG program stream and video
    re.compile(rb"\x47.{187}\x47", re.DOTALL),  # MPEG transport stream
    re.compile(rb"YUV4MPEG2 "),
)
BRANDS = re.compile(rb"....ftyp", re.DOTALL)
# As the first brand; sequences (hevc, msf1) are tracks like any video.
HEIF = {b"heic", b"heix", b"heim", b"heis", b"mif1"}
HEIF_BYTES = 1 << 28  # a picture is read as a whole

EXPORT = "if it comes from a CCTV recorder, export it with the maker's player"
UNPACK = "is an archive; unpack it first, and scan what comes out"
MOUNT = "is a disk image; export the files in it with a forensic program, or mount it read-only"
DOCUMENT = "is a document; save the pictures and videos in it as files of their own"
RECORDER = "is a CCTV recorder's own format; export it with the maker's player"

# Checked before anything is decoded: what is inside may look like a stream of pictures.
FOREIGN = (
    (re.compile(rb"PK(\x03\x04|\x05\x06)"), UNPACK),  # zip, and with it office documents and AFF4
    (re.compile(rb"7z\xbc\xaf\x27\x1c|Rar!\x1a\x07|MSCF\0\0\0\0"), UNPACK),
    (re.compile(rb"\x1f\x8b\x08|BZh[1-9]1AY|\xfd7zXZ\0|\x28\xb5\x2f\xfd"), UNPACK),
    (re.compile(rb".{257}ustar", re.DOTALL), UNPACK),
    (re.compile(rb"[EL]VF\x09\x0d\x0a\xff\0|[EL]VF2\x0d\x0a\x81\0"), MOUNT),  # EnCase
    (re.compile(rb"AFF10\x0d\x0a\0"), MOUNT),
    (re.compile(rb"KDMV|vhdxfile|QFI\xfb|conectix"), MOUNT),  # of virtual machines
    (
        re.compile(rb"%PDF-|\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        DOCUMENT,
    ),  # the second: old office files
    (re.compile(rb"IMKH"), RECORDER),  # Hikvision
)
# Only once nothing could open it: two bytes at this place can be chance.
BOOT_SECTOR = re.compile(rb".{510}\x55\xaa", re.DOTALL)


def refuse_foreign(name: str, head: bytes, size_bytes: int) -> None:
    """Raise MediaError: unsupported for what holds recordings but is none, too_large for a HEIF picture."""
    for signature, what in FOREIGN:
        if signature.match(head):
            raise MediaError(ErrorCode.UNSUPPORTED, f"{name}: {what}")
    if is_heif(head) and size_bytes > HEIF_BYTES:
        reason = f"{name}: is a HEIF picture of {size_bytes / 1e6:.0f} MB"
        reason = (
            f"{reason}; the limit for these is {HEIF_BYTES / 1e6:.0f}; export it as another kind"
        )
        raise MediaError(ErrorCode.TOO_LARGE, reason)


def is_heif(head: bytes) -> bool:
    """Return whether this is a HEIF picture: its tiles would otherwise be taken for videos."""
    if not BRANDS.match(head):
        return False
    end = min(int.from_bytes(head[:4], "big"), len(head))
    major, *others = [head[at : at + 4] for at in (8, *range(16, end, 4))]
    return major in HEIF and b"avif" not in others


def not_decoded(name: str, head: bytes) -> MediaError:
    """Return the error for a file that nothing opens: undecodable if its first bytes are a known format's."""
    if any(signature.match(head) for signature in SIGNATURES):
        reason = f"{name}: is broken or incomplete: no picture can be decoded; copy it again"
        return MediaError(ErrorCode.UNDECODABLE, reason)
    return unsupported(name, head)


def unsupported(name: str, head: bytes = b"") -> MediaError:
    """Return the error for what is not recognised as a video or picture."""
    if BOOT_SECTOR.match(head):
        return MediaError(ErrorCode.UNSUPPORTED, f"{name}: {MOUNT}")
    return MediaError(ErrorCode.UNSUPPORTED, f"{name}: is no video or picture known here; {EXPORT}")


def too_many_pixels(name: str, width: int, height: int, max_megapixels: float) -> MediaError:
    """Return the error for a picture whose header claims more than is decoded."""
    reason = f"{name}: claims {width} x {height} pixels, the limit is {max_megapixels:g} megapixels"
    return MediaError(ErrorCode.TOO_LARGE, f"{reason}; raise max_megapixels to analyse it")
