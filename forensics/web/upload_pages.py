"""The upload: the form, the request that carries the files, and the search by a file's bytes."""

import hashlib
from collections.abc import Sequence

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from ..store import queries
from ..store.database import reading
from ..store.queries import jobs as job_queries
from .errors import PageError
from .forms import received
from .inbox import MB, SUFFIXES, Upload, Wanted
from .multipart import Nowhere, Parts, Sink
from .state import Site, site_of
from .templating import page

NEWEST = 10
MOST_LIMITS = 20  # how many files' worth is read of one form; what is too large is read to its end, to be told so


def upload_page(request: Request) -> Response:
    """Show the form and the newest results."""
    return form_page(request)


def form_page(request: Request, problems: Sequence[str] = (), status: int = 200) -> Response:
    """Return the form, with what was wrong with the last one."""
    site = site_of(request)
    with reading(site.engine) as session:
        newest = queries.results(session, queries.ResultFilter(state="all"), NEWEST)
        names = job_queries.exhibits(session, [row.path for row in newest])
        detectors = job_queries.default_detectors(session)
    context = {
        "names": names,
        "frames": site.frames,
        "default_frames": site.settings.frames,
        "detectors": detectors,
        "suffixes": SUFFIXES,
        "limit_bytes": int(site.settings.max_upload_mb * MB),
        "newest": newest,
        "problems": problems,
    }
    return page(request, "upload.html", context, status)


async def upload(request: Request) -> Response:
    """Take files in while they arrive, and queue them once all are there."""
    site = site_of(request)
    files = Upload(site)
    most_bytes = int(MOST_LIMITS * site.settings.max_upload_mb * MB)
    form = await received(request, lambda _, name: files.open_file(name), most_bytes, files.close)
    try:
        wanted = await run_in_threadpool(wanted_of, site, form)
        job_ids = await run_in_threadpool(files.queue, wanted)
    finally:
        files.close()
    problems = files.problems or ([] if job_ids else ["No file was chosen."])
    if "application/json" in request.headers.get("accept", ""):
        location = jobs_address(job_ids) if job_ids else None
        summary = {"location": location, "errors": problems}
        return JSONResponse(summary, 200 if job_ids else 422)
    if problems:
        return await run_in_threadpool(partly_page, request, job_ids, problems)
    return RedirectResponse(jobs_address(job_ids), 303)


def partly_page(request: Request, job_ids: Sequence[int], problems: Sequence[str]) -> Response:
    """Return the form again, or where some files were taken the page that says which were not."""
    if not job_ids:
        return form_page(request, problems, 422)
    context = {"problems": problems, "address": jobs_address(job_ids), "taken": len(job_ids)}
    return page(request, "partly.html", context)


def wanted_of(site: Site, form: Parts) -> Wanted:
    """Return what the form asks for. Raises PageError for what it does not offer."""
    parameters: dict[str, object] = {}
    frames = form.value("frames") or str(site.settings.frames)
    if frames not in map(str, site.frames):
        raise PageError(400, f"Frames: choose from {', '.join(map(str, site.frames))}.")
    if int(frames) != site.settings.frames:
        parameters["frames"] = int(frames)
    chosen = sorted(set(form.fields.get("detectors", ())))
    with reading(site.engine) as session:
        known = job_queries.default_detectors(session)
    if unknown := set(chosen) - set(known):
        raise PageError(400, f"Detectors: {', '.join(sorted(unknown))} is not installed.")
    if chosen and chosen != list(known):
        parameters["detectors"] = chosen
    return Wanted(parameters, form.value("case").strip()[:200] or None)


def jobs_address(job_ids: Sequence[int]) -> str:
    """Return where some jobs are followed."""
    if len(job_ids) == 1:
        return f"/jobs/{job_ids[0]}"
    return "/jobs?ids=" + ",".join(map(str, job_ids))


class Hashing:
    """Hashes the bytes of a file, and keeps none of them."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()
        self.size_bytes = 0

    def write(self, data: bytes) -> None:
        """Hash some more."""
        self.digest.update(data)
        self.size_bytes += len(data)

    def end(self) -> None:
        """Do nothing."""


async def search_file(request: Request) -> Response:
    """Find the verdict of a file that is sent; only its hash is looked at."""
    files: list[Hashing] = []

    def open_file(_: str, name: str) -> Sink:
        if not name or files:
            return Nowhere()
        files.append(Hashing())
        return files[0]

    await received(request, open_file, int(site_of(request).settings.max_file_mb * MB))
    if not files or not files[0].size_bytes:
        raise PageError(400, "No file was chosen.")
    return RedirectResponse(f"/search?q={files[0].digest.hexdigest()}", 303)
