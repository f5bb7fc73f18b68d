"""Jobs while they go on, and the page of those that failed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from ..clock import utc_now
from ..errors import ErrorCode
from ..serialization import plain
from ..store import jobs
from ..store.database import reading, writing
from ..store.models import JobState
from ..store.queries import jobs as job_queries
from ..store.queries import queue_status
from .errors import PageError
from .forms import small_form
from .state import site_of
from .templating import page

MOST_FOLLOWED = 200
NEXT_STEPS = {
    ErrorCode.UNDECODABLE: "The file is broken or incomplete. Copy it again from where it came, and send that.",
    ErrorCode.UNSUPPORTED: "It is no video or picture that can be read here. Export it in another format, and send that.",
    ErrorCode.NO_VIDEO: "There is sound in it, but no picture. Nothing here examines sound.",
    ErrorCode.EMPTY: "The file has no content. Copy it again from where it came, and send that.",
    ErrorCode.UNREADABLE: "The file can't be read. Look at its permissions, then run 'forensics jobs retry'.",
    ErrorCode.BUSY: "Another program had it locked, or a disk was full. Mend that, then run 'forensics jobs retry'.",
    ErrorCode.VANISHED: "The file was gone before it was read. Send it again.",
    ErrorCode.CHANGED: "The file was written to while it was read. It is analysed again once it rests.",
    ErrorCode.TOO_LARGE: "It is larger than the settings allow (max_file_mb, max_megapixels). Raise them, or cut the file.",
    ErrorCode.DEADLINE: "It took longer than allowed (deadline_s, deadline_max_s). Raise these, then run 'forensics jobs retry'.",
    ErrorCode.WORKER_DIED: "Its worker process died twice on it. The log says more; 'forensics jobs retry' tries again.",
    ErrorCode.OUT_OF_MEMORY: "It needs more memory than allowed (memory_mb). Raise that, then run 'forensics jobs retry'.",
    ErrorCode.INTERNAL: "Something went wrong in the program or in a plugin. The log says more; 'forensics doctor' looks at the rest.",
}


def job_page(request: Request) -> Response:
    """Show one job; one that has its verdict leads there."""
    job = job_of(request)
    if job.state is JobState.DONE and job.verdict_id is not None:
        return RedirectResponse(f"/verdicts/{job.verdict_id}", 303)
    if job.state is JobState.FAILED and job.error is not None:
        context = {"job": job, "next_step": NEXT_STEPS[job.error]}
        return page(request, "failed.html", context)
    return following(request, [job])


def jobs_page(request: Request) -> Response:
    """Show several jobs."""
    return following(request, several(request))


def jobs_state(request: Request) -> Response:
    """Return how far several jobs are, for a page that is open."""
    now = utc_now()
    return JSONResponse([job_values(job, now) for job in several(request)])


def several(request: Request) -> list[job_queries.JobView]:
    """Return the jobs that an address names. Raises PageError when there is none of them."""
    given = request.query_params.get("ids", "").split(",")[:MOST_FOLLOWED]
    ids = [int(text) for text in given if text.isascii() and text.isdecimal() and len(text) < 19]
    with reading(site_of(request).engine) as session:
        views = job_queries.job_views(session, ids)
    if not views:
        raise PageError(404, "There are no such jobs.")
    return views


def following(request: Request, views: Sequence[job_queries.JobView]) -> Response:
    """Return the page of jobs that go on."""
    with reading(site_of(request).engine) as session:
        alive = bool(queue_status.alive(session, utc_now()))
    work = request.app.state.work
    starting = work is not None and not work.trouble
    context = {"jobs": views, "alive": alive, "starting": starting, "now": utc_now()}
    return page(request, "following.html", context)


async def retry(request: Request) -> Response:
    """Queue a failed job once more, and show it."""
    await small_form(request)
    await run_in_threadpool(retried, request)
    return RedirectResponse(f"/jobs/{request.path_params['job']}", 303)


def retried(request: Request) -> None:
    """Queue a failed job once more; one that has not failed is left as it is."""
    job = job_of(request)
    with writing(site_of(request).engine) as session:
        jobs.retry(session, [job.id], utc_now())


def job_state(request: Request) -> Response:
    """Return how far a job is, for a page that is open."""
    return JSONResponse(job_values(job_of(request), utc_now()))


def job_values(job: job_queries.JobView, now: datetime) -> dict[str, Any]:
    """Return a job as JSON values."""
    return {
        "id": job.id,
        "state": job.state.value,
        "ahead": job.ahead,
        "since_s": round((now - job.since).total_seconds(), 1) if job.since else None,
        "verdict_id": job.verdict_id,
        "label": plain(job.label),
        "error": plain(job.error),
        "location": f"/verdicts/{job.verdict_id}" if job.verdict_id else f"/jobs/{job.id}",
    }


def job_of(request: Request) -> job_queries.JobView:
    """Return the job that a request names. Raises PageError where there is none."""
    with reading(site_of(request).engine) as session:
        views = job_queries.job_views(session, [request.path_params["job"]])
    if not views:
        raise PageError(404, f"There is no job {request.path_params['job']}.")
    return views[0]
