"""Telling systemd how the daemon is: ready, alive, stopping (sd_notify(3)). Without systemd nothing happens."""

import logging
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Supervisor:
    """Where to send notices, empty for nowhere, and after how many seconds of silence the daemon is killed (None: never)."""

    address: str = ""
    watchdog_s: float | None = None

    def ready(self) -> None:
        """Say that files are taken in."""
        self.notify("READY=1")

    def alive(self) -> None:
        """Say that the daemon has not hung."""
        if self.watchdog_s is not None:
            self.notify("WATCHDOG=1")

    def stopping(self) -> None:
        """Say that the daemon is finishing its jobs."""
        self.notify("STOPPING=1")

    def notify(self, state: str) -> None:
        """Send one notice; that nobody hears it is logged and stops nothing."""
        if not self.address:
            return
        address = self.address
        if address.startswith("@"):  # a name that is in no file system
            address = "\0" + address[1:]
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.sendto(state.encode(), address)
        except OSError as error:
            log.warning("the supervisor does not hear", extra={"why": str(error)})


def supervisor(environment: Mapping[str, str] | None = None, pid: int | None = None) -> Supervisor:
    """Return the supervisor that the environment names; the watchdog only if it is meant for this process."""
    given = os.environ if environment is None else environment
    meant = given.get("WATCHDOG_PID") in (None, str(pid or os.getpid()))
    limit = given.get("WATCHDOG_USEC", "")
    watchdog_s = int(limit) / 1e6 if limit.isdecimal() and meant else None
    return Supervisor(given.get("NOTIFY_SOCKET", ""), watchdog_s)
