"""Fixtures of the plugin's tests: an authority and a signer made on the spot, files that they signed, and what is stated.

It stands beside `tests/` so that no two test folders hold a module of one name.
"""

import datetime
import io
import os
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import av
import c2pa
import numpy as np
import pytest
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from forensics_provenance import trust
from forensics_provenance.detector import ProvenanceDetector
from PIL import Image

from forensics.records import Coverage, Finding, MediaInfo, MediaKind, Sample

NOWHERE = "http://127.0.0.1:9"
CAPTURED = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"
FIRST = {"action": "c2pa.created", "digitalSourceType": CAPTURED}
CREATED = {"assertions": [{"label": "c2pa.actions", "data": {"actions": [FIRST]}}]}
USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


@dataclass(frozen=True)
class Authority:
    """A certificate authority of a test."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        """Its certificate."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)


def named(name: str, organisation: str) -> x509.Name:
    """Return a certificate's subject."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, name),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
        ]
    )


def certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, usage: str
) -> x509.CertificateBuilder:
    """Return what a certificate of a month holds, to be signed."""
    now = datetime.datetime.now(datetime.UTC)
    used = {name: name == usage for name in USAGES}
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.BasicConstraints(usage == "key_cert_sign", None), critical=True)
        .add_extension(x509.KeyUsage(**used), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def new_authority() -> Authority:
    """Make an authority that vouches for itself."""
    key, name = ec.generate_private_key(ec.SECP256R1()), named("Test Authority", "Test Trust")
    signed = certificate(name, name, key, "key_cert_sign").sign(key, hashes.SHA256())
    return Authority(signed, key)


def signer_of(authority: Authority, asked: str) -> c2pa.Signer:
    """Make a signer with a certificate of the authority, whose revocation is to be asked at an address."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = authority.certificate.subject
    answers = x509.AccessDescription(
        AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(asked)
    )
    public_key = authority.key.public_key()
    leaf = (
        certificate(named("Test Signer", "Test Newsroom"), issuer, key, "digital_signature")
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(public_key), critical=False
        )
        .add_extension(x509.AuthorityInformationAccess([answers]), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    chain = leaf.public_bytes(serialization.Encoding.PEM) + authority.pem
    return c2pa.Signer.from_info(c2pa.C2paSignerInfo(b"es256", chain, secret, None))


@pytest.fixture(scope="session")
def authority() -> Authority:
    """Return the authority that vouches for the tests' signer."""
    return new_authority()


@pytest.fixture
def trust_list(authority: Authority, tmp_path: Path) -> Path:
    """Return a trust list with that authority, last changed on 2 November 2026."""
    return written(tmp_path / "authorities.pem", authority.pem)


@pytest.fixture
def other_list(tmp_path: Path) -> Path:
    """Return a trust list with an authority that vouched for nobody here."""
    return written(tmp_path / "others.pem", new_authority().pem)


def written(path: Path, data: bytes) -> Path:
    """Write a file of a known day."""
    path.write_bytes(data)
    day = datetime.datetime(2026, 11, 2, 12, tzinfo=datetime.UTC).timestamp()
    os.utime(path, (day, day))
    return path


@pytest.fixture(scope="session")
def jpeg() -> bytes:
    """Return a small picture without a word about itself."""
    file = io.BytesIO()
    Image.effect_noise((64, 64), 40).convert("RGB").save(file, "JPEG")
    return file.getvalue()


def film(path: Path, tags: Mapping[str, str], options: Mapping[str, str] | None = None) -> Path:
    """Encode a few frames with tags of the container."""
    with av.open(str(path), "w", container_options=dict(options or {})) as output:
        output.metadata.update(tags)
        stream = cast(VideoStream, output.add_stream("libx264", rate=10))
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for _ in range(5):
            frame = VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8))
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return path


@pytest.fixture
def filmed(tmp_path: Path) -> Callable[..., Path]:
    """Return what makes a video, with tags and options of its container."""

    def make(name: str = "film.mp4", options: Mapping[str, str] | None = None, **tags: str) -> Path:
        return film(tmp_path / name, tags, options)

    return make


@pytest.fixture
def signed(authority: Authority, jpeg: bytes, tmp_path: Path) -> Callable[..., Path]:
    """Return what signs a picture, or another file's bytes of a media type, with a manifest."""

    def sign(
        manifest: Mapping[str, Any] | None = None,
        *,
        content: bytes = jpeg,
        media_type: str = "image/jpeg",
        remote: str = "",
        edited: bool = False,
        ocsp: str = NOWHERE,
    ) -> Path:
        out = io.BytesIO()
        definition = {
            "claim_generator_info": [{"name": "test camera", "version": "7"}],
            **(manifest or CREATED),
        }
        with c2pa.Builder(definition) as builder, closing(signer_of(authority, ocsp)) as signer:
            if remote:
                builder.set_no_embed()
                builder.set_remote_url(remote)
            if edited:  # what is signed becomes the earlier material
                builder.set_intent(c2pa.C2paBuilderIntent.EDIT)
            builder.sign(signer, media_type, io.BytesIO(content), out)
        path = tmp_path / f"signed.{media_type.rpartition('/')[2]}"
        path.write_bytes(out.getvalue())
        return path

    return sign


def examined(path: Path, trusted: Path | None = None) -> Finding:
    """Return the finding about a file."""
    fd = os.open(path, os.O_RDONLY)
    try:
        return examined_open(fd, trusted)
    finally:
        os.close(fd)


def examined_open(fd: int, trusted: Path | None = None) -> Finding:
    """Return the finding about an open file; what the toolkit would know of it beside is made up."""
    info = MediaInfo("0" * 64, 0, MediaKind.STILL, "jpeg", "jpeg", 1, 1)
    sample = Sample(info, (), (), Coverage(None, 0, 0, 0, 0, None, 0), fd)
    return ProvenanceDetector(trust.read(trusted) if trusted else None).examine(sample)


@pytest.fixture
def stated() -> Callable[..., list[str]]:
    """Return what gives the statements about a file, or about an open descriptor, and a trust list."""

    def states(file: Path | int, trusted: Path | None = None) -> list[str]:
        finding = examined_open(file, trusted) if isinstance(file, int) else examined(file, trusted)
        return [*finding.evidence.statements]

    return states
