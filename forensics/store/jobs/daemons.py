"""The heartbeats of running daemons."""

import os
import socket
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from ..models import Daemon
from ..paths import shown


def start_daemon(session: Session, folders: Sequence[str], workers: int, now: datetime) -> int:
    """Say that this process watches some folders; returns the number under which it beats."""
    row = Daemon(
        host=socket.gethostname(),
        pid=os.getpid(),
        folders=[shown(folder) for folder in folders],
        workers=workers,
        started_at=now,
        beat_at=now,
    )
    session.add(row)
    session.flush()
    return row.id


def beat(session: Session, daemon_id: int, now: datetime) -> None:
    """Say that a daemon is alive."""
    session.execute(update(Daemon).where(Daemon.id == daemon_id).values(beat_at=now))


def stop_daemon(session: Session, daemon_id: int, now: datetime) -> None:
    """Say that a daemon has stopped in order."""
    session.execute(
        update(Daemon).where(Daemon.id == daemon_id).values(beat_at=now, stopped_at=now)
    )
