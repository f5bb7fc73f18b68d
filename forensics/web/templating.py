"""Templates, and the pages that only say something."""

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from .. import __version__
from .formats import FILTERS
from .state import site_of, visitor_of

TITLES = {
    400: "That was not understood",
    401: "A token is needed",
    403: "Refused",
    404: "Not found",
    405: "Not that way",
    413: "Too large",
    415: "Not that kind",
    421: "Wrong name",
    503: "The database does not answer",
}


def environment() -> Environment:
    """Return the templates; whatever they show is escaped, and a name that is not there is an error."""
    templates = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(FILTERS)
    return templates


TEMPLATES = environment()


def page(
    request: Request, name: str, context: Mapping[str, Any] | None = None, status: int = 200
) -> HTMLResponse:
    """Return a page made from a template."""
    common = {
        "version": __version__,
        "path": request.url.path,
        "csrf": site_of(request).form_token(visitor_of(request)),
    }
    text = TEMPLATES.get_template(name).render(**common, **(context or {}))
    return HTMLResponse(text, status)


def error_page(request: Request, status: int, message: str) -> HTMLResponse:
    """Return a page that says what is wrong and what to do."""
    title = TITLES.get(status, "That did not work")
    context = {"title": title, "message": message, "status": status, "version": __version__}
    return HTMLResponse(TEMPLATES.get_template("error.html").render(context), status)


def welcome_page(request: Request) -> HTMLResponse:
    """Return the page that goes on to the one asked for, without the token in its address.

    It is a page and no redirect: a browser that comes here from another site sends a strict cookie only from here on.
    """
    context = {"path": request.url.path, "version": __version__}
    return HTMLResponse(TEMPLATES.get_template("welcome.html").render(context))
