"""The result page, and what people add to it."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from ..clock import utc_now
from ..evidence.thumbnails import OFF
from ..records import StoredVerdict
from ..report.report_data import Dossier
from ..report.timeline import timelines
from ..store.database import reading, writing
from ..store.ledger import reviews
from ..store.ledger.tombstones import tombstone
from ..store.models import VerdictRow
from ..store.queries.stored_verdicts import read_verdict
from . import verdict_context
from .errors import PageError
from .forms import small_form
from .state import site_of
from .templating import page

LONGEST_TEXT = 20_000


def dossier_of(request: Request) -> Dossier:
    """Return all that is known of the verdict that a request names. Raises PageError where there is none."""
    verdict_id = request.path_params["verdict"]
    with reading(site_of(request).engine) as session:
        dossier = verdict_context.dossier_of(session, verdict_id)
        erased = tombstone(session, verdict_id) if dossier is None else None
    if erased is not None:
        moment = erased.erased_at.strftime("%Y-%m-%d")
        reason = erased.record.get("reason")
        raise PageError(410, f"Verdict {verdict_id} was erased on {moment}: {reason}")
    if dossier is None:
        raise no_verdict(request)
    return dossier


def verdict_of(request: Request) -> StoredVerdict:
    """Return a verdict by itself, which is all that its files need. Raises PageError where there is none."""
    with reading(site_of(request).engine) as session:
        row = session.get(VerdictRow, request.path_params["verdict"])
        if row is None:
            raise no_verdict(request)
        return read_verdict(row.payload)


def no_verdict(request: Request) -> PageError:
    """Return the error for a verdict that there is not."""
    return PageError(404, f"There is no verdict {request.path_params['verdict']}.")


def verdict_page(request: Request) -> Response:
    """Show a verdict and what it rests on; pictures come by addresses of their own."""
    dossier = dossier_of(request)
    verdict = dossier.verdict
    if verdict is None:
        raise no_verdict(request)
    with reading(site_of(request).engine) as session:
        was_default = verdict_context.is_of_default(session, verdict.pipeline_hash)
    context = {
        **verdict_context.context(dossier, verdict),
        "was_default": was_default,
        "timelines": timelines(verdict, link=lambda seconds, track: f"#t={seconds:.3f}"),
        "pictures": site_of(request).settings.thumbnails != "off",
        "no_pictures": OFF,
    }
    return page(request, "verdict.html", context)


def verdict_json(request: Request) -> Response:
    """Give the same as `forensics show --json`."""
    return JSONResponse(dossier_of(request).plain())


async def add_words(request: Request) -> Response:
    """Add a note or an examiner's conclusion, and go back to the verdict."""
    form = await small_form(request)
    kind, examiner, text = (form.get(name, "").strip() for name in ("kind", "examiner", "text"))
    if kind not in ("note", "review") or not text or not examiner:
        raise PageError(400, "Write down both: what is said, and who says it.")
    if len(text) > LONGEST_TEXT or len(examiner) > 200:
        raise PageError(413, f"That is too long; write at most {LONGEST_TEXT:,} characters.")
    await run_in_threadpool(add, request, kind, examiner, text)
    return RedirectResponse(f"/verdicts/{request.path_params['verdict']}#words", 303)


def add(request: Request, kind: str, examiner: str, text: str) -> None:
    """Add people's words. Raises PageError where there is no such verdict."""
    dossier_of(request)
    verdict_id = request.path_params["verdict"]
    write = reviews.add_note if kind == "note" else reviews.add_review
    with writing(site_of(request).engine) as session:
        write(session, verdict_id, text, examiner, utc_now())
