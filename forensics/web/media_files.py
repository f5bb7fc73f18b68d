"""Files that belong to a verdict, by its number only: the media as received, its copy, pictures, maps and artifacts."""

from collections.abc import Awaitable, Callable
from functools import partial, wraps
from pathlib import Path

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from ..daemon.listing import see
from ..evidence.previews import Copies, CopyState, playable
from ..evidence.thumbnails import FaceShot, Shots, overlay
from ..store.database import reading
from ..store.queries import jobs as job_queries
from . import verdict_context
from .errors import PageError
from .state import site_of
from .verdicts import verdict_of

KEPT = {"Cache-Control": "private, max-age=600"}
SAFE = {"Content-Security-Policy": "default-src 'none'; sandbox"}
SAME_S = 0.001
AT_ONCE = 8


def apart(
    answer: Callable[[Request], Response],
) -> Callable[[Request], Awaitable[Response]]:
    """Let a few threads of their own wait for pictures, so that no page ever waits behind one."""

    @wraps(answer)
    async def answered(request: Request) -> Response:
        state = request.app.state
        if not hasattr(state, "picture_threads"):
            state.picture_threads = CapacityLimiter(AT_ONCE)  # belongs to the running event loop
        return await to_thread.run_sync(partial(answer, request), limiter=state.picture_threads)

    return answered


def media(request: Request) -> Response:
    """Serve the file as received, if it is still what was analysed; ranges are kept to."""
    verdict = verdict_of(request)
    with reading(site_of(request).engine) as session:
        known = job_queries.files_of(session, verdict.media.sha256)
    for file in known:
        if see(Path(file.path)) == file:
            kind = playable(verdict.media) or "application/octet-stream"
            return FileResponse(file.path, media_type=kind, headers={**SAFE, **KEPT})
    raise PageError(404, "The file is not where it was, or was changed since it was analysed.")


def proxy_state(request: Request) -> Response:
    """Say how far the copy for browsers is; asking begins its making."""
    verdict = verdict_of(request)
    native = playable(verdict.media)
    return JSONResponse({**copies_of(request).ask(verdict.media).plain(), "native": native})


def proxy(request: Request) -> Response:
    """Serve the copy for browsers; 202 while it is being made, 409 where there is none."""
    copy = copies_of(request).ask(verdict_of(request).media)
    if copy.state is CopyState.READY and copy.path:
        return FileResponse(copy.path, media_type=copy.media_type, headers={**SAFE, **KEPT})
    status = 202 if copy.state is CopyState.MAKING else 409
    return JSONResponse(copy.plain(), status, headers={"Retry-After": "2"})


@apart
def pictures(request: Request) -> Response:
    """Say which pictures there are, and why some are lacking; makes them."""
    verdict = verdict_of(request)
    shots = shots_of(request, request.path_params["verdict"])
    listed = {
        "frames": [shot.time_s for shot in shots.frames],
        "faces": [
            {"n": face.n, "track": face.track, "time_s": face.time_s}
            for face in verdict_context.faces(verdict)
            if face_shot(shots, face)
        ],
        "lacking": shots.lacking,
    }
    return JSONResponse(listed)


@apart
def frame_picture(request: Request) -> Response:
    """Serve the picture of one sampled frame."""
    verdict = verdict_of(request)
    moments = verdict.provenance.sampled_s
    n = request.path_params["n"]
    shots = shots_of(request, request.path_params["verdict"])
    if n < len(moments):
        for shot in shots.frames:
            if abs(shot.time_s - moments[n]) < SAME_S:
                return jpeg(shot.picture.path)
    raise PageError(404, shots.lacking or "There is no such picture.")


@apart
def face_picture(request: Request) -> Response:
    """Serve the picture of one face."""
    face, shots = face_of(request)
    shot = face_shot(shots, face)
    if shot is None:
        raise PageError(404, shots.lacking or "There is no such picture.")
    return jpeg(shot.picture.path)


@apart
def map_picture(request: Request) -> Response:
    """Serve a face with what a detector's network responded to laid over it."""
    face, shots = face_of(request)
    detector = request.query_params.get("detector") or next(iter(face.maps), "")
    shot = face_shot(shots, face)
    if shot is None or detector not in face.maps:
        raise PageError(404, shots.lacking or "There is no such map.")
    laid_over = overlay(shot.picture.path, face.maps[detector])
    return Response(laid_over, media_type="image/jpeg", headers={**SAFE, **KEPT})


def artifact(request: Request) -> Response:
    """Serve what a detector left as evidence of this verdict, as a download: its type is the plugin's word."""
    verdict, sha256 = verdict_of(request), request.path_params["sha256"]
    kept = [item for finding in verdict.findings for item in finding.evidence.artifacts]
    item = next((item for item in kept if item.sha256 == sha256), None)
    path = request.app.state.gallery.artifact(sha256) if item else None
    if item is None or path is None:
        raise PageError(404, "There is no such artifact, or its bytes are no longer kept.")
    return FileResponse(
        path, media_type="application/octet-stream", filename=item.name, headers=SAFE
    )


def face_of(request: Request) -> tuple[verdict_context.Face, Shots]:
    """Return the face that a request names, and its verdict's pictures. Raises PageError where there is none."""
    verdict, n = verdict_of(request), request.path_params["n"]
    every = verdict_context.faces(verdict)
    if n >= len(every):
        raise PageError(404, "There is no such picture.")
    return every[n], shots_of(request, request.path_params["verdict"])


def face_shot(shots: Shots, face: verdict_context.Face) -> FaceShot | None:
    """Return the picture of a face if it was made."""
    return next(
        (
            shot
            for shot in shots.faces
            if shot.track == face.track and abs(shot.time_s - face.time_s) < SAME_S
        ),
        None,
    )


def shots_of(request: Request, verdict_id: int) -> Shots:
    """Return a verdict's pictures; they are made by the first call."""
    shots: Shots = request.app.state.gallery.shots(verdict_id)
    return shots


def copies_of(request: Request) -> Copies:
    """Return the copies for browsers."""
    copies: Copies = request.app.state.copies
    return copies


def jpeg(path: Path) -> Response:
    """Return a picture."""
    return FileResponse(path, media_type="image/jpeg", headers={**SAFE, **KEPT})
