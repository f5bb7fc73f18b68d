"""Who may come in, and what a browser is told to refuse."""

import pytest

from .conftest import TOKEN, Visit


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.7:8080", "", "[::2]"]
)
def test_name_that_another_name_server_points_here_is_refused(visitor: Visit, host: str) -> None:
    assert visitor.get("/", headers={"Host": host}).status_code == 421


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "[::1]:8080", "LOCALHOST.:80"])
def test_this_machine_s_own_names_are_answered(visitor: Visit, host: str) -> None:
    assert visitor.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Origin": "http://evil.example"}, id="origin"),
        pytest.param({"Origin": "null"}, id="no-origin"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, id="cross-site"),
        pytest.param({"Sec-Fetch-Site": "same-site"}, id="same-site"),
    ],
)
def test_form_of_another_site_is_refused(visitor: Visit, headers: dict[str, str]) -> None:
    fields = {"csrf": visitor.csrf, "kind": "note", "examiner": "K. Ito", "text": "x"}
    answer = visitor.client.post("/verdicts/1/words", data=fields, headers=headers)
    assert answer.status_code == 403
    assert "from another site" in answer.text


def test_token_of_another_visitor_is_refused(visitor: Visit) -> None:
    token = visitor.csrf
    visitor.client.cookies.clear()
    visitor.get("/")
    fields = {"csrf": token, "kind": "note", "examiner": "K. Ito", "text": "x"}
    assert visitor.client.post("/verdicts/1/words", data=fields).status_code == 403


@pytest.mark.parametrize(
    "address", ["/", "/results", "/results.csv", "/status", "/verdicts/1", "/jobs/1/state", "/none"]
)
def test_nothing_is_shown_without_the_token(guarded: Visit, address: str) -> None:
    for query in ("", "?token=wrong", "?token=%C3%A9"):
        answer = guarded.get(address + query)
        assert answer.status_code == 401
        assert "token" in answer.text
    assert guarded.client.post("/uploads", data={"csrf": ""}).status_code == 401


def test_token_is_taken_once_into_a_cookie_that_scripts_do_not_see(guarded: Visit) -> None:
    answer = guarded.get(f"/results?token={TOKEN}")
    assert TOKEN not in answer.text
    assert 'content="0;url=/results"' in answer.text
    kept = [c for c in answer.headers.get_list("set-cookie") if c.startswith("forensics_token=")]
    assert kept == [f"forensics_token={TOKEN}; Path=/; HttpOnly; SameSite=Strict"]
    assert guarded.get("/results").status_code == 200
    assert guarded.get("/results", headers={"Host": "forensics.example"}).status_code == 200


def test_only_the_style_is_served_without_the_token(guarded: Visit) -> None:
    assert guarded.get("/static/style.css").status_code == 200
    assert guarded.get("/static/../app.py").status_code == 401


@pytest.mark.parametrize("address", ["/", "/none", "/static/pages.js", "/results.csv"])
def test_every_answer_has_its_headers(visitor: Visit, address: str) -> None:
    headers = visitor.get(address).headers
    policy = headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


def test_pages_have_neither_script_nor_style_inside(visitor: Visit) -> None:
    address = visitor.judged((220, 0, 0))
    for place in ("/", "/results", "/status", "/search", address, "/jobs?ids=1"):
        page = visitor.get(place).text
        assert " style=" not in page
        assert " onclick=" not in page
        assert "<style" not in page
        assert "<script>" not in page


def test_bug_is_answered_without_its_traceback(
    visitor: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("forensics.store.queries.status", broken)
    answer = visitor.get("/status")
    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    assert "Traceback" not in answer.text
    assert "content-security-policy" in answer.headers


def test_file_is_not_given_to_another_site_s_page(visitor: Visit) -> None:
    address = visitor.judged((220, 0, 0)) + "/media"
    headers = {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"}
    assert visitor.get(address, headers=headers).status_code == 403
    headers["Sec-Fetch-Mode"] = "navigate"
    assert visitor.get(address, headers=headers).status_code == 200
