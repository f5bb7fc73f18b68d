"""The evidence folder: whole files by their bytes, what goes when, and what an erased verdict leaves."""

import errno
import hashlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine

from forensics.analysis.messages import Done, Hashed
from forensics.daemon.dispatcher import Dispatcher
from forensics.errors import UnreachableError
from forensics.evidence import folder as evidence
from forensics.evidence import retention
from forensics.evidence.folder import PICTURE, EvidenceFolder, keep_artifacts
from forensics.files import HALF
from forensics.records import Artifact
from forensics.settings import Settings
from forensics.store.database import connect, reading, writing
from forensics.store.ledger import purge
from forensics.store.ledger.purge import Order
from forensics.store.models import VerdictRow
from forensics.store.queries import files

from ..commands import Cli
from ..store import samples

NOW = 1_800_000_000.0
DAY_S = 86_400.0


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(evidence_folder=str(tmp_path / "evidence"))


def noted(folder: EvidenceFolder, name: str, *pictures: str, thumbnails: str = "on") -> Path:
    """Note a verdict's pictures as the gallery does."""
    body = {"thumbnails": thumbnails, "pictures": [{"sha256": sha256} for sha256 in pictures]}
    folder.note_shots(name, json.dumps(body).encode())
    return folder.shots_place(name)


def aged(path: Path, seconds: float) -> Path:
    os.utime(path, (NOW - seconds, NOW - seconds))
    return path


def verdict_hash(engine: Engine, verdict_id: int) -> str:
    with reading(engine) as session:
        return session.get_one(VerdictRow, verdict_id).hash


def test_bytes_are_found_by_their_hash_and_kept_once(settings: Settings) -> None:
    folder = EvidenceFolder(settings)
    sha256 = folder.keep(b"left by a detector")
    assert folder.keep(b"left by a detector") == sha256
    path = folder.artifact(sha256)
    assert path is not None
    assert path.read_bytes() == b"left by a detector"
    assert list(folder.files()) == [path]
    assert path.parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["../../etc/passwd", "AB" * 32, "", "ab"])
def test_what_is_no_hash_names_no_file(settings: Settings, name: str) -> None:
    folder = EvidenceFolder(settings)
    folder.keep(b"x")
    assert folder.artifact(name) is None


def test_truncated_file_is_written_anew(settings: Settings) -> None:
    folder = EvidenceFolder(settings)
    path = folder.place(folder.keep(b"whole"))
    path.write_bytes(b"wh")
    folder.keep(b"whole")
    assert path.read_bytes() == b"whole"


def full(number: int) -> Callable[..., None]:
    def refuse(*known: object, **more: object) -> None:
        raise OSError(number, os.strerror(number))

    return refuse


def test_full_disk_leaves_no_half_and_may_pass(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = EvidenceFolder(settings)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full(errno.ENOSPC))
        with pytest.raises(UnreachableError, match="No space left"):
            folder.keep(b"one")
    assert not [path for path in folder.root.rglob("*") if path.is_file()]
    assert folder.artifact(folder.keep(b"one")) is not None


class OneVerdict:
    """An executor that has analysed what it is given, with an artifact."""

    slots = 1

    def __init__(self) -> None:
        self.said: list[object] = []

    def submit(self, task: object) -> None:
        verdict = samples.verdict()
        task_id = task.id  # type: ignore[attr-defined]
        self.said = [
            Hashed(task_id, verdict.media.sha256, 1000, samples.PIPELINE),
            Done(task_id, verdict),
        ]

    def decide(self, task_id: int, go: bool) -> None: ...

    def cancel(self, task_id: int) -> None: ...

    def close(self) -> None: ...

    def events(self, timeout_s: float) -> list[object]:
        said, self.said = self.said, []
        return said


def test_verdict_and_its_artifact_are_stored_together_or_not_at_all(
    engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples.sight(engine, samples.seen("/a.mp4"))
    dispatcher = Dispatcher(
        engine,
        OneVerdict(),  # type: ignore[arg-type]
        keep=partial(keep_artifacts, settings),
        now=lambda: samples.NOW,
    )
    with monkeypatch.context() as patched:
        patched.setattr(evidence, "write_whole", full(errno.ENOSPC))
        with pytest.raises(UnreachableError, match="FORENSICS_EVIDENCE_FOLDER"):
            dispatcher.step(0.0)
    with reading(engine) as session:
        assert session.query(VerdictRow).count() == 0
    dispatcher.step(0.0)
    with reading(engine) as session:
        assert session.query(VerdictRow).count() == 1
        (sha256,) = files.known(session)
    kept = EvidenceFolder(settings).artifact(sha256)
    assert kept is not None
    assert kept.read_bytes() == b"\x89PNG"


def test_pictures_go_when_their_time_is_over_and_artifacts_stay(settings: Settings) -> None:
    folder = EvidenceFolder(settings)
    old, new = (folder.keep(data, PICTURE) for data in (b"old", b"new"))
    both, artifact = folder.keep(b"both", PICTURE), folder.keep(b"kept")
    aged(noted(folder, "aa", old, both), 31 * DAY_S)
    aged(noted(folder, "bb", new, both), 29 * DAY_S)
    aged(folder.place(artifact), 400 * DAY_S)
    monthly = replace(settings, evidence_keep_days=30)
    assert retention.clean(monthly, NOW) == retention.Cleaned(verdicts=1, pictures=1, copies=0)
    assert {path.stem for path in folder.pictures()} == {new, both}
    assert folder.artifact(artifact) is not None


def test_pictures_stay_for_ever_by_default(settings: Settings) -> None:
    folder = EvidenceFolder(settings)
    sha256 = folder.keep(b"old", PICTURE)
    aged(noted(folder, "aa", sha256), 4000 * DAY_S)
    aged(folder.place(sha256, PICTURE), 4000 * DAY_S)
    assert retention.clean(settings, NOW) == retention.Cleaned(0, 0, 0)


def test_faces_that_were_shown_go_once_they_are_to_be_blurred(settings: Settings) -> None:
    folder = EvidenceFolder(settings)
    noted(folder, "aa", folder.keep(b"face", PICTURE))
    found = retention.clean(replace(settings, thumbnails="blurred"), time.time())
    assert (found.verdicts, found.pictures) == (1, 1)
    assert not list(folder.pictures())


def test_picture_that_is_just_being_made_is_left_alone(settings: Settings) -> None:
    folder = EvidenceFolder(settings)
    young, old = folder.keep(b"young", PICTURE), folder.keep(b"old", PICTURE)
    aged(folder.place(young, PICTURE), 60)
    aged(folder.place(old, PICTURE), 7200)
    assert retention.clean(settings, NOW).pictures == 1
    assert [path.stem for path in folder.pictures()] == [young]


def test_half_a_file_of_a_process_that_died_goes(settings: Settings) -> None:
    folder = EvidenceFolder(settings)
    half = folder.place(folder.keep(b"x")).with_name(f"{HALF}ab")
    half.write_bytes(b"half")
    retention.clean(settings, half.stat().st_mtime + 60)
    assert half.exists()
    retention.clean(settings, half.stat().st_mtime + 7200)
    assert not half.exists()


def test_erased_content_leaves_neither_pictures_nor_artifacts(
    engine: Engine, settings: Settings
) -> None:
    folder = EvidenceFolder(settings)
    gone = samples.analyse(engine, "/gone.mp4", content=1)
    samples.analyse(engine, "/stays.mp4", content=2)
    own, shared = Artifact("a", "text/plain", b"own"), Artifact("b", "text/plain", b"\x89PNG")
    for artifact in (own, shared):
        folder.keep(artifact.data)
    face, unnamed = folder.keep(b"face", PICTURE), folder.keep(b"older face", PICTURE)
    note = noted(folder, verdict_hash(engine, gone), face)
    with writing(engine) as session:
        order = Order("asked to", "me", media_sha256=samples.digest(1))
        purge.erase(session, order, samples.NOW, partial(retention.forget, settings))
    assert not note.exists()
    assert not [p for p in folder.pictures() if p.stem in {face, unnamed}]
    assert {path.read_bytes() for path in folder.artifacts()} == {b"own", b"\x89PNG"}
    with writing(engine) as session:
        order = Order("asked to", "me", media_sha256=samples.digest(2))
        purge.erase(session, order, samples.NOW, partial(retention.forget, settings))
    assert {path.read_bytes() for path in folder.artifacts()} == {b"own"}  # no verdict's


def test_nothing_is_erased_when_the_files_stay(engine: Engine, settings: Settings) -> None:
    verdict_id = samples.analyse(engine, "/a.mp4")
    asked: list[purge.Traces] = []

    def refuse(traces: purge.Traces) -> None:
        asked.append(traces)
        raise UnreachableError(f"{settings.evidence_folder}: read-only")

    order = Order("asked to", "me", media_sha256=samples.digest(1))
    with pytest.raises(UnreachableError), writing(engine) as session:
        purge.erase(session, order, samples.NOW, refuse)
    with reading(engine) as session:
        assert session.get(VerdictRow, verdict_id) is not None
    artifact = hashlib.sha256(b"\x89PNG").hexdigest()
    own = verdict_hash(engine, verdict_id)
    assert asked == [purge.Traces([own], [artifact], [samples.digest(1)])]


def test_keeper_cleans_now_and_then(settings: Settings) -> None:
    folder = EvidenceFolder(settings)
    moment = [0.0]
    keeper = retention.Keeper(replace(settings, thumbnails="off"), lambda: moment[0])
    for at_s, left in ((0.0, 0), (60.0, 1), (retention.OFTEN_S + 1, 0)):
        noted(folder, "aa", folder.keep(b"face", PICTURE))
        moment[0] = at_s
        keeper.look()
        keeper.wait()
        assert len(list(folder.pictures())) == left


def test_commands_say_what_there_is_and_clean(
    cli: Cli, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = EvidenceFolder(settings)
    noted(folder, "aa", folder.keep(b"face", PICTURE))
    folder.keep(b"another database's")
    monkeypatch.setenv("FORENSICS_EVIDENCE_FOLDER", settings.evidence_folder)
    monkeypatch.setenv("FORENSICS_THUMBNAILS", "off")
    (told,) = cli.lines("evidence", "status", "--json")
    assert (told["pictures"]["files"], told["artifacts"]["files"]) == (1, 1)
    assert (told["missing_artifacts"], told["unknown_artifacts"]) == ([], 1)
    (cleaned,) = cli.lines("evidence", "clean", "--json")
    assert cleaned == {"verdicts": 1, "pictures": 1, "copies": 0}
    assert list(folder.artifacts())


def test_artifact_that_is_missing_is_named(
    cli: Cli, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("evidence", "status")
    engine = connect(os.environ["FORENSICS_DATABASE_URL"])
    samples.analyse(engine, "/a.mp4")
    sha256 = hashlib.sha256(b"\x89PNG").hexdigest()
    assert f"missing: {sha256}" in cli("evidence", "status", code=1).stderr
    monkeypatch.setenv("FORENSICS_EVIDENCE_FOLDER", settings.evidence_folder)
    EvidenceFolder(settings).keep(b"\x89PNG")
    assert "missing:" not in cli("evidence", "status").output
