import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from forensics.daemon.systemd import Supervisor, supervisor


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        receiver.settimeout(5)
        yield receiver


def test_systemd_hears_when_the_daemon_is_ready_alive_and_stopping(heard: socket.socket) -> None:
    one = Supervisor(heard.getsockname(), watchdog_s=60)
    one.ready()
    one.alive()
    one.stopping()
    assert [heard.recv(99) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"STOPPING=1"]


def test_name_outside_the_file_system_is_reached() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind("\0forensics-test-notify")
        receiver.settimeout(5)
        Supervisor("@forensics-test-notify").ready()
        assert receiver.recv(99) == b"READY=1"


def test_without_a_supervisor_nothing_is_sent(caplog: pytest.LogCaptureFixture) -> None:
    supervisor({}).ready()
    assert caplog.text == ""


def test_deaf_supervisor_is_logged_and_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        Supervisor(str(tmp_path / "nobody")).ready()
    assert "the supervisor does not hear" in caplog.text


@pytest.mark.parametrize(
    ("environment", "watchdog_s"),
    [
        pytest.param({}, None, id="none"),
        pytest.param({"WATCHDOG_USEC": "60000000"}, 60.0, id="for-anyone"),
        pytest.param({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "7"}, 60.0, id="for-us"),
        pytest.param({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "8"}, None, id="for-another"),
        pytest.param({"WATCHDOG_USEC": "soon"}, None, id="no-number"),
    ],
)
def test_watchdog_is_kept_only_where_it_is_meant_for_this_process(
    environment: dict[str, str], watchdog_s: float | None
) -> None:
    assert supervisor(environment, pid=7).watchdog_s == watchdog_s
