"""Uploads: what is taken, what is refused, and that nothing is lost or written where it should not be."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from forensics.errors import ErrorCode, UnreachableError
from forensics.store import queries
from forensics.store.database import reading
from forensics.store.models import JobState
from forensics.web.inbox import make_ready
from forensics.web.job_pages import NEXT_STEPS

from ..distributions.colour.forensics_colour import FAKE, REAL
from .conftest import Visit, picture

HOSTILE = '<script>alert("1")<\\script> & "quoted" \'name\'.png'


def waiting(engine: Engine) -> list[queries.JobLine]:
    with reading(engine) as session:
        return queries.job_list(session, JobState.QUEUED, 10)


def test_upload_is_queued_at_once_and_its_page_leads_to_the_verdict(
    visitor: Visit, tmp_path: Path, engine: Engine
) -> None:
    answer = visitor.send(("a.png", picture(tmp_path, FAKE)))
    assert (answer.status_code, answer.headers["location"]) == (303, "/jobs/1")
    assert [job.path for job in waiting(engine)] == [str(visitor.stored[0])]
    page = visitor.get("/jobs/1")
    assert "a.png" in page.text
    assert "Waiting" in page.text
    assert visitor.get("/jobs/1/state").json()["state"] == "queued"
    visitor.work()
    assert visitor.get("/jobs/1").headers["location"] == "/verdicts/1"
    assert visitor.get("/jobs/1/state").json()["label"] == "fake"
    assert "times more probable if it was generated or altered" in visitor.get("/verdicts/1").text


def test_file_is_stored_whole_under_a_random_name(visitor: Visit, tmp_path: Path) -> None:
    content = picture(tmp_path, FAKE)
    visitor.send(("../../etc/a.png", content), ("..\\b.PNG", content))
    assert [path.read_bytes() for path in visitor.stored] == [content, content]
    assert all(
        path.parent == visitor.site.inbox and path.suffix == ".png" for path in visitor.stored
    )
    assert not {"a.png", "b.PNG"} & {path.name for path in visitor.stored}


def test_name_is_kept_as_data_and_escaped_everywhere(visitor: Visit) -> None:
    address = visitor.judged(FAKE, HOSTILE)
    told = visitor.get(f"{address}.json").json()
    assert told["sightings"][0]["exhibit"].startswith("script> & ")
    visitor.send(("<script>alert(1).png", b"x"), ("<img src=x onerror=alert(1)>.txt", b"x"))
    for place in ("/", "/results", "/jobs?ids=1,2", "/status", address, "/jobs/2"):
        page = visitor.get(place).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1).png" in visitor.get("/").text


def test_several_files_are_followed_together(visitor: Visit, tmp_path: Path) -> None:
    answer = visitor.send(("a.png", picture(tmp_path, FAKE)), ("b.png", picture(tmp_path, REAL)))
    assert answer.headers["location"] == "/jobs?ids=1,2"
    visitor.work()
    page = visitor.get("/jobs?ids=1,2").text
    assert "Flagged" in page
    assert "No indication" in page
    assert [job["label"] for job in visitor.get("/jobs/state?ids=1,2,9").json()] == ["fake", "real"]


def test_script_is_answered_in_json(visitor: Visit, tmp_path: Path) -> None:
    told = visitor.send(
        ("a.png", picture(tmp_path, FAKE)), ("b.txt", b"text"), accept="application/json"
    ).json()
    assert told["location"] == "/jobs/1"
    assert told["errors"][0].startswith("b.txt: is no video or picture by its name")


def test_file_over_the_limit_is_dropped_while_it_arrives(visitor: Visit, tmp_path: Path) -> None:
    answer = visitor.send(("large.mp4", bytes(1_000_001)))
    assert answer.status_code == 422
    assert "large.mp4: is larger than 1 MB" in answer.text
    assert visitor.stored == []
    answer = visitor.send(("large.mp4", bytes(3_000_000)), ("a.png", picture(tmp_path, FAKE)))
    assert "1 file is being analysed" in answer.text
    assert len(visitor.stored) == 1


def test_limit_holds_without_a_length_given_beforehand(visitor: Visit) -> None:
    token = visitor.csrf
    largest = 0

    def body() -> Iterator[bytes]:
        head = '--x\r\nContent-Disposition: form-data; name="{}"{}\r\n\r\n'
        yield (head.format("csrf", "") + token + "\r\n").encode()
        yield head.format("files", '; filename="a.mp4"').encode()
        for _ in range(40):
            nonlocal largest
            largest = max([largest, *(path.stat().st_size for path in visitor.stored)])
            yield bytes(100_000)
        yield b"\r\n--x--\r\n"

    answer = visitor.client.post(
        "/uploads", content=body(), headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert "a.mp4: is larger than 1 MB" in answer.text
    assert largest <= 1_000_000
    assert visitor.stored == []


def test_form_that_does_not_end_is_broken_off(visitor: Visit) -> None:
    answer = visitor.send(("large.mp4", bytes(21_000_000)))
    assert (answer.status_code, visitor.stored) == (413, [])


def test_full_disk_is_said_and_leaves_nothing(
    visitor: Visit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("forensics.web.inbox.os.fsync", full)
    answer = visitor.send(("a.png", picture(tmp_path, FAKE)))
    assert "a.png: can&#39;t be stored: No space left on device." in answer.text
    assert visitor.stored == []


def test_file_is_in_place_when_the_database_does_not_answer(
    visitor: Visit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise UnreachableError("locked")

    with monkeypatch.context() as patch:
        patch.setattr("forensics.web.inbox.jobs.sight", away)
        answer = visitor.send(("a.png", picture(tmp_path, FAKE)))
    assert "is stored, but the database does not answer" in answer.text
    visitor.work()
    assert visitor.get("/jobs/1").headers["location"] == "/verdicts/1"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        pytest.param("notes.txt", b"text", "is no video or picture by its name", id="text"),
        pytest.param("noending", b"text", "is no video or picture by its name", id="no-ending"),
        pytest.param("empty.mp4", b"", "is empty", id="empty"),
        pytest.param("", b"", "No file was chosen", id="none-chosen"),
    ],
)
def test_what_is_not_taken_is_said(visitor: Visit, name: str, content: bytes, said: str) -> None:
    answer = visitor.send((name, content))
    assert answer.status_code == 422
    assert said in answer.text
    assert visitor.stored == []


def test_text_in_a_video_s_name_fails_with_its_code_and_the_next_step(visitor: Visit) -> None:
    visitor.send(("text.mp4", b"this is no video"))
    visitor.work()
    page = visitor.get("/jobs/1").text
    assert "<code>unsupported</code>" in page
    assert "Export it in another format" in page
    assert visitor.get("/jobs/1/state").json()["error"] == "unsupported"


def test_failed_job_is_tried_again_when_asked_for(visitor: Visit) -> None:
    visitor.send(("text.mp4", b"this is no video"))
    visitor.work()
    assert visitor.client.post("/jobs/1/retry", data={"csrf": "x"}).status_code == 403
    answer = visitor.client.post("/jobs/1/retry", data={"csrf": visitor.csrf})
    assert (answer.status_code, answer.headers["location"]) == (303, "/jobs/1")
    assert visitor.get("/jobs/1/state").json()["state"] == "queued"


def test_every_failure_has_a_next_step() -> None:
    assert set(NEXT_STEPS) == set(ErrorCode)


def test_body_that_stops_early_leaves_nothing(visitor: Visit) -> None:
    token = visitor.csrf
    head = '--x\r\nContent-Disposition: form-data; name="{}"{}\r\n\r\n'
    body = head.format("csrf", "") + token + "\r\n" + head.format("files", '; filename="a.mp4"')
    answer = visitor.client.post(
        "/uploads",
        content=body + "the beginning",
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    )
    assert answer.status_code == 400
    assert visitor.stored == []


def test_form_of_another_kind_is_refused(visitor: Visit) -> None:
    assert visitor.client.post("/uploads", data={"csrf": visitor.csrf}).status_code == 415


def test_form_without_its_token_stores_nothing(visitor: Visit, tmp_path: Path) -> None:
    for token in ("", "0" * 64, "é"):
        answer = visitor.send(("a.png", picture(tmp_path, FAKE)), csrf=token)
        assert answer.status_code == 403
    assert visitor.stored == []


def test_frames_and_detectors_other_than_the_default_are_a_job_of_their_own(
    visitor: Visit, tmp_path: Path, engine: Engine
) -> None:
    visitor.judged(REAL)
    assert 'value="colour" checked' in visitor.get("/").text
    visitor.send(("b.png", picture(tmp_path, FAKE)), frames="40", detectors=["colour"], case="A-17")
    with reading(engine) as session:
        job = queries.job_list(session, JobState.QUEUED, 1)[0]
        seen = queries.show(session, job.path)
    assert seen
    assert (seen.sightings[0].case, seen.sightings[0].exhibit) == ("A-17", "b.png")
    assert "frames: 40" in visitor.get(f"/jobs/{job.id}").text
    visitor.work()
    assert visitor.get(f"/jobs/{job.id}/state").json()["state"] == "queued"


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"frames": "7"}, id="frames"),
        pytest.param({"frames": "many"}, id="frames-in-words"),
        pytest.param({"detectors": "none-such"}, id="detector"),
    ],
)
def test_choice_that_is_not_offered_is_refused(
    visitor: Visit, tmp_path: Path, fields: dict[str, str]
) -> None:
    answer = visitor.send(("a.png", picture(tmp_path, FAKE)), **fields)
    assert answer.status_code == 400
    assert visitor.stored == []


def test_same_bytes_are_analysed_once(visitor: Visit) -> None:
    assert visitor.judged(FAKE, "a.png") == visitor.judged(FAKE, "b.png") == "/verdicts/1"


def test_part_that_nobody_finished_is_removed_a_day_later(visitor: Visit) -> None:
    old, new = (visitor.site.inbox / f".upload-{name}.part" for name in ("old", "new"))
    for part in (old, new):
        part.write_bytes(b"x")
    os.utime(old, (1, 1))
    make_ready(visitor.site.inbox)
    assert (old.exists(), new.exists()) == (False, True)
