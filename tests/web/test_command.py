"""`forensics web`: which address it listens on, and what it prints."""

import socket

import pytest

from forensics.cli.web import address, is_loopback, listen
from forensics.errors import UsageError

from ..commands import Cli
from .conftest import TOKEN


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_needs_no_token(host: str) -> None:
    assert is_loopback(host)


EVERYBODY = "0.0.0.0"  # noqa: S104


@pytest.mark.parametrize("host", [EVERYBODY, "::", "10.0.0.7", "forensics.example", "localhost.x"])
def test_every_other_address_needs_one(host: str) -> None:
    assert not is_loopback(host)


def test_address_is_one_to_open() -> None:
    assert address("127.0.0.1", 8080, None) == "http://127.0.0.1:8080/"
    assert address("::1", 80, None) == "http://[::1]:80/"
    assert address("10.0.0.7", 80, TOKEN) == f"http://10.0.0.7:80/?token={TOKEN}"
    assert address(EVERYBODY, 80, TOKEN) == f"http://{socket.gethostname()}:80/?token={TOKEN}"


def test_port_in_use_is_said_with_a_way_out(cli: Cli) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match="try --port 0"):
            listen("127.0.0.1", port)
        said = cli("web", "--port", port, code=2).output
        assert f"--port {port}" in said
        assert not (cli.home / "data" / "forensics" / "inbox").exists()
