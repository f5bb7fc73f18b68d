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
from ..gallery import Gallery
from ..proxy import Copies
from . import following, listing, reporting, serving, uploading, verdicts
from .errors import PageError
from .guard import HEADERS, Guard
from .inbox import make_ready
from .looks import error_page
from .site import Site
from .work import Work

STATIC = Path(__file__).parent / "static"
VERDICT = "/verdicts/{verdict:int}"
ROUTES = [
    Route("/", uploading.upload_page),
    Route("/uploads", uploading.upload, methods=["POST"]),
    Route("/jobs", following.jobs_page),
    Route("/jobs/state", following.jobs_state),
    Route("/jobs/{job:int}", following.job_page),
    Route("/jobs/{job:int}/state", following.job_state),
    Route("/jobs/{job:int}/retry", following.retry, methods=["POST"]),
    Route("/results", listing.results_page),
    Route("/results.csv", listing.results_csv),
    Route("/search", listing.search),
    Route("/search", uploading.search_file, methods=["POST"]),
    Route("/status", listing.status_page),
    Route(VERDICT, verdicts.verdict_page),
    Route(VERDICT + ".json", verdicts.verdict_json),
    Route(VERDICT + "/words", verdicts.add_words, methods=["POST"]),
    Route(VERDICT + "/report", reporting.report),
    Route(VERDICT + "/media", serving.media),
    Route(VERDICT + "/proxy", serving.proxy_state),
    Route(VERDICT + "/proxy.webm", serving.proxy),
    Route(VERDICT + "/pictures", serving.pictures),
    Route(VERDICT + "/frames/{n:int}.jpg", serving.frame_picture),
    Route(VERDICT + "/faces/{n:int}.jpg", serving.face_picture),
    Route(VERDICT + "/maps/{n:int}.jpg", serving.map_picture),
    Route(VERDICT + "/artifacts/{sha256}", serving.artifact),
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
