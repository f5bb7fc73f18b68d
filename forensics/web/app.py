"""The application: which address is answered by what."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from ..errors import ForensicsError, StoreError, UsageError
from ..evidence.previews import Copies
from ..evidence.thumbnails import Gallery
from . import job_pages, media_files, report_page, result_list, upload_pages, verdicts
from .background import Work
from .errors import PageError
from .guard import HEADERS, Guard
from .inbox import make_ready
from .state import Site
from .templating import error_page

STATIC = Path(__file__).parent / "static"
VERDICT = "/verdicts/{verdict:int}"
ROUTES = [
    Route("/", upload_pages.upload_page),
    Route("/uploads", upload_pages.upload, methods=["POST"]),
    Route("/jobs", job_pages.jobs_page),
    Route("/jobs/state", job_pages.jobs_state),
    Route("/jobs/{job:int}", job_pages.job_page),
    Route("/jobs/{job:int}/state", job_pages.job_state),
    Route("/jobs/{job:int}/retry", job_pages.retry, methods=["POST"]),
    Route("/results", result_list.results_page),
    Route("/results.csv", result_list.results_csv),
    Route("/search", result_list.search),
    Route("/search", upload_pages.search_file, methods=["POST"]),
    Route("/status", result_list.status_page),
    Route(VERDICT, verdicts.verdict_page),
    Route(VERDICT + ".json", verdicts.verdict_json),
    Route(VERDICT + "/words", verdicts.add_words, methods=["POST"]),
    Route(VERDICT + "/report", report_page.report),
    Route(VERDICT + "/media", media_files.media),
    Route(VERDICT + "/proxy", media_files.proxy_state),
    Route(VERDICT + "/proxy.webm", media_files.proxy),
    Route(VERDICT + "/pictures", media_files.pictures),
    Route(VERDICT + "/frames/{n:int}.jpg", media_files.frame_picture),
    Route(VERDICT + "/faces/{n:int}.jpg", media_files.face_picture),
    Route(VERDICT + "/maps/{n:int}.jpg", media_files.map_picture),
    Route(VERDICT + "/artifacts/{sha256}", media_files.artifact),
    Mount("/static", StaticFiles(directory=STATIC)),
]


def create_app(site: Site, work: Work | None = None) -> Starlette:
    """Return the application for a site; with `work`, its threads run while the application does."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        if work is not None:
            work.start()
        yield
        app.state.copies.close()
        if work is not None:
            work.end()

    make_ready(site.inbox)
    app = Starlette(
        routes=ROUTES,
        middleware=[Middleware(Guard, site=site)],
        exception_handlers={
            PageError: refused,
            HTTPException: refused_by_library,
            ForensicsError: unable,
            Exception: broken,
        },
        lifespan=lifespan,
    )
    app.state.site, app.state.work = site, work
    app.state.gallery = Gallery(site.settings, site.engine)
    app.state.copies = Copies(site.settings, site.engine)
    return app


def refused(request: Request, error: Exception) -> Response:
    """Answer a request that can't be answered as asked."""
    status = error.status if isinstance(error, PageError) else 400
    return error_page(request, status, str(error))


def refused_by_library(request: Request, error: Exception) -> Response:
    """Answer what no page is for."""
    status = error.status_code if isinstance(error, HTTPException) else 400
    what = {404: "There is no such page.", 405: "This address can't be asked like that."}
    return error_page(request, status, what.get(status, "The request was not understood."))


def unable(request: Request, error: Exception) -> Response:
    """Answer while the database does not."""
    if isinstance(error, StoreError):
        return error_page(request, 503, str(error))
    return error_page(request, 400 if isinstance(error, UsageError) else 500, str(error))


def broken(request: Request, error: Exception) -> Response:
    """Answer after a bug; the server's log has the traceback, the visitor does not."""
    answer = error_page(request, 500, "Something went wrong here; the server's log says what.")
    answer.headers.update(HEADERS)  # it is made outside of the guard
    return answer
