"""Forms as they arrive: read no further than allowed, and only those that this server made for this visitor."""

from collections.abc import Callable
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from .errors import PageError
from .multipart import Parts, Sink
from .state import site_of, visitor_of

MOST_FORM_BYTES = 250_000  # 20,000 characters of up to 4 bytes, each written as %xx


async def small_form(request: Request) -> dict[str, str]:
    """Read a form without files, as browsers send it, each field once.

    Raises PageError for one that is not ours or is too large.
    """
    body = b""
    async for data in request.stream():
        body += data
        if len(body) > MOST_FORM_BYTES:
            raise PageError(413, "The form is too large.")
    form = dict(parse_qsl(body.decode("ascii", "replace")))
    check_token(request, form.get("csrf", ""))
    return form


async def received(
    request: Request,
    open_file: Callable[[str, str], Sink],
    most_bytes: int,
    on_problem: Callable[[], None] = lambda: None,
) -> Parts:
    """Read a whole form; no file of it is opened before its token was found to be right.

    Raises PageError for a form that is not ours, is broken, stops early or is larger than `most_bytes`; then
    `on_problem` is called.
    """
    form: Parts
    size_bytes = 0

    def checked(field: str, name: str) -> Sink:
        check_token(request, form.value("csrf"))
        return open_file(field, name)

    try:
        form = Parts(request.headers.get("content-type", ""), checked)
        async for data in request.stream():
            size_bytes += len(data)
            if size_bytes > most_bytes:
                raise PageError(413, "That is too much at once; send less.")
            await run_in_threadpool(form.feed, data)
        check_token(request, form.value("csrf"))
        if not form.is_complete:
            raise PageError(400, "The form stopped before its end.")
    except ClientDisconnect as error:
        on_problem()
        raise PageError(400, "The form stopped before its end.") from error
    except BaseException:
        on_problem()
        raise
    return form


def check_token(request: Request, given: str) -> None:
    """Raise PageError for a form that this server did not make for this visitor."""
    if not site_of(request).is_form_token(visitor_of(request), given):
        raise PageError(
            403, "This form is out of date or came from another site; load the page again."
        )
