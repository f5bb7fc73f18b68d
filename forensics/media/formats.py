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
HEIF = re.compile(rb"....ftyp(heic|heix|heim|heis|mif1|msf1|hevc|hevx)", re.DOTALL)


def is_heif(head: bytes) -> bool:
    """Tell a HEIF picture, which holds its picture in tiles that would be taken for videos."""
    return HEIF.match(head) is not None


def not_decoded(name: str, head: bytes) -> MediaError:
    """Return the error for a file that nothing opens: undecodable if its first bytes are a known format's."""
    if any(signature.match(head) for signature in SIGNATURES):
        reason = f"{name}: is broken or incomplete: no picture can be decoded; copy it again"
        return MediaError(ErrorCode.UNDECODABLE, reason)
    return unsupported(name)


def unsupported(name: str) -> MediaError:
    """Return the error for what is not recognised as a video or picture."""
    advice = (
        "if it comes from a CCTV recorder or a forensic image, export it with the maker's player"
    )
    return MediaError(ErrorCode.UNSUPPORTED, f"{name}: is no video or picture known here; {advice}")


def too_many_pixels(name: str, width: int, height: int, max_megapixels: float) -> MediaError:
    """Return the error for a picture whose header claims more than is decoded."""
    reason = f"{name}: claims {width} x {height} pixels, the limit is {max_megapixels:g} megapixels"
    return MediaError(ErrorCode.TOO_LARGE, f"{reason}; raise max_megapixels to analyse it")
