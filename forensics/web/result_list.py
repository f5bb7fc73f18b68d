"""The list of results with its filters, the search, and the queue's page."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from ..clock import utc_now
from ..errors import UsageError
from ..escaping import csv_cell
from ..records import Label
from ..serialization import plain
from ..store import queries
from ..store.database import masked, reading
from ..store.models import JobState
from ..store.queries import jobs as job_queries
from .errors import PageError
from .state import site_of
from .templating import page

PAGE_ROWS, CSV_ROWS = 50, 1000
STATES = ("done", "failed", "all")
FILTERS = ("label", "state", "since", "path", "detector", "case")


@dataclass(frozen=True)
class ListQuery:
    """What a list's address asks for: the words as given, and the filter that they make."""

    given: dict[str, str]
    wanted: queries.ResultFilter

    def address(self, path: str, **more: str) -> str:
        """Return the address of the same list elsewhere."""
        words = urlencode({**self.given, **more})
        return f"{path}?{words}" if words else path


def query_of(request: Request) -> ListQuery:
    """Read the filters from an address. Raises PageError for words that are none."""
    given = {name: request.query_params.get(name, "").strip() for name in FILTERS}
    given = {name: value for name, value in given.items() if value}
    label, state, since = given.get("label"), given.get("state"), given.get("since")
    if label is not None and label not in list(Label):
        raise PageError(400, f"There is no label {label!r}; choose from {', '.join(Label)}.")
    if state is not None and state not in STATES:
        raise PageError(400, f"There is no state {state!r}; choose from {', '.join(STATES)}.")
    path = given.get("path")
    if path is not None and not set(path) & set("*?["):
        path = f"*{path}*"
    return ListQuery(
        given,
        queries.ResultFilter(
            label=Label(label) if label else None,
            state=state,
            since=day(since) if since else None,
            path_glob=path,
            detector=given.get("detector"),
            case=given.get("case"),
        ),
    )


def day(text: str) -> datetime:
    """Return the moment that a date begins, in UTC. Raises PageError for what is no date."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise PageError(400, f"{text!r} is no date; write it as 2026-11-20.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def results_page(request: Request) -> Response:
    """Show one page of the list; the next one goes on after its last row's key."""
    query = query_of(request)
    after = request.query_params.get("after") or None
    with reading(site_of(request).engine) as session:
        rows = rows_of(session, query.wanted, PAGE_ROWS + 1, after)
        names = job_queries.exhibits(session, [row.path for row in rows])
        detectors = job_queries.default_detectors(session)
    more = len(rows) > PAGE_ROWS
    rows = rows[:PAGE_ROWS]
    context = {
        "rows": rows,
        "names": names,
        "given": {name: query.given.get(name, "") for name in FILTERS},
        "labels": list(Label),
        "states": STATES,
        "detectors": detectors,
        "first": query.address("/results") if after else None,
        "next": query.address("/results", after=rows[-1].key) if more else None,
        "csv_address": query.address("/results.csv"),
    }
    return page(request, "results.html", context)


def rows_of(
    session: Session, wanted: queries.ResultFilter, limit: int, after: str | None
) -> list[queries.Result]:
    """Return a page's rows. Raises PageError for an address that was changed by hand."""
    try:
        return queries.results(session, wanted, limit, after)
    except UsageError as error:
        raise PageError(400, str(error)) from error


def results_csv(request: Request) -> Response:
    """Give the whole list as CSV, a page at a time, so that a million rows need no memory."""
    query = query_of(request)
    headers = {"Content-Disposition": 'attachment; filename="results.csv"'}
    return StreamingResponse(
        csv_pages(request, query.wanted), media_type="text/csv", headers=headers
    )


def csv_pages(request: Request, wanted: queries.ResultFilter) -> Iterator[str]:
    """Yield the header, then some hundred rows at a time."""
    yield csv_text([queries.RESULT_COLUMNS])
    after, full = None, True
    while full:
        with reading(site_of(request).engine) as session:
            rows = queries.results(session, wanted, CSV_ROWS, after)
        yield csv_text([cells(row) for row in rows])
        full = len(rows) == CSV_ROWS
        after = rows[-1].key if rows else None


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Return rows as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def cells(row: queries.Result) -> list[object]:
    """Return a result's cells."""
    return [csv_cell(plain(getattr(row, name))) for name in queries.RESULT_COLUMNS]


def search(request: Request) -> Response:
    """Go to what a number, a hash or a path stands for."""
    key = request.query_params.get("q", "").strip()
    if not key:
        return page(request, "search.html", {"key": "", "message": ""})
    with reading(site_of(request).engine) as session:
        try:
            shown = queries.show(session, key)
        except UsageError as error:
            return page(request, "search.html", {"key": key, "message": str(error)}, 400)
        if shown is None:
            message = f"Nothing is known of {key}."
            return page(request, "search.html", {"key": key, "message": message}, 404)
        if shown.judged is not None:
            return RedirectResponse(f"/verdicts/{shown.judged.id}", 303)
        job_id = job_queries.newest_job_of(session, shown.sha256, shown.path)
    if job_id is None:
        message = f"{key} was seen, but never analysed."
        return page(request, "search.html", {"key": key, "message": message}, 404)
    return RedirectResponse(f"/jobs/{job_id}", 303)


def status_page(request: Request) -> Response:
    """Show the queue, the daemons and the last failure."""
    site = site_of(request)
    with reading(site.engine) as session:
        status = queries.status(session, utc_now())
        waiting = queries.job_list(session, JobState.QUEUED, 20)
    context = {
        "status": status,
        "waiting": waiting,
        "database": masked(site.engine.url),
        "trouble": dict(request.app.state.work.trouble) if request.app.state.work else {},
        "now": utc_now(),
    }
    return page(request, "status.html", context)
