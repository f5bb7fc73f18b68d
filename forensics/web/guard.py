"""Who may ask: the host by which this server was called, the token, the visitor's cookie; and what browsers may do.

Sources: OWASP Cross-Site Request Forgery Prevention and Content Security Policy cheat sheets.
"""

import hmac
import secrets
from collections.abc import Iterable, Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .errors import PageError
from .state import Site
from .templating import error_page, welcome_page

TOKEN, VISITOR = "forensics_token", "forensics_visitor"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
STATIC = {**HEADERS, "Cache-Control": "no-cache"}


class Guard:
    """Lets through what may pass, with the visitor's name in the scope, and gives every answer its headers."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app, self._site = app, site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        cookies = cookies_of(Headers(scope=scope))
        visitor = cookies.get(VISITOR, "")
        set_cookies = [] if visitor else [(VISITOR, visitor := secrets.token_urlsafe(24))]
        scope["forensics.visitor"] = visitor
        request = Request(scope)
        answer: Response | None = None
        try:
            self._check(request)
            if self._site.token and not request.url.path.startswith("/static/"):
                answer = self._check_token(request, cookies, set_cookies)
        except PageError as error:
            answer = error_page(request, error.status, str(error))
        site_headers = STATIC if request.url.path.startswith("/static/") else HEADERS
        await (answer or self._app)(scope, receive, sending(send, site_headers, set_cookies))

    def _check(self, request: Request) -> None:
        """Refuse names that somebody else's name server may have pointed at this machine, and forms of other sites."""
        host = request.headers.get("host", "")
        if self._site.token is None and hostname(host) not in LOOPBACK:
            raise PageError(421, "This server answers to 127.0.0.1 and localhost only.")
        is_from_here = request.headers.get("sec-fetch-site", "same-origin") in (
            "same-origin",
            "none",
        )
        if request.method in ("GET", "HEAD"):
            if not is_from_here and request.headers.get("sec-fetch-mode") != "navigate":
                raise PageError(403, "This is for the pages of this server only.")
            return
        origin = request.headers.get("origin")
        if not is_from_here or (origin is not None and urlsplit(origin).netloc != host):
            raise PageError(403, "The form came from another site.")

    def _check_token(
        self, request: Request, cookies: dict[str, str], set_cookies: list[tuple[str, str]]
    ) -> Response | None:
        """Take the token from the cookie, or once from the address. Returns the page that takes it out of sight again."""
        wanted = self._site.token or ""
        if is_same(cookies.get(TOKEN, ""), wanted):
            return None
        given = QueryParams(request.url.query).get("token", "")
        if not is_same(given, wanted):
            raise PageError(401, "Open the address that 'forensics web' printed when it started.")
        set_cookies.append((TOKEN, wanted))
        return welcome_page(request)


def is_same(given: str, expected: str) -> bool:
    """Compare secrets in a time that says nothing about them."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())


def hostname(host: str) -> str:
    """Return the name or address in a Host header, without its port."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def cookies_of(headers: Headers) -> dict[str, str]:
    """Return the cookies of a request; none when they can't be read."""
    try:
        jar = SimpleCookie("; ".join(headers.getlist("cookie")))
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in jar.items()}


def sending(
    send: Send, site_headers: Mapping[str, str], set_cookies: Iterable[tuple[str, str]]
) -> Send:
    """Return `send` with this site's headers on every answer; an answer's own ones stand."""

    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in site_headers.items():
                headers.setdefault(name, value)
            for name, value in set_cookies:
                headers.append("Set-Cookie", f"{name}={value}; Path=/; HttpOnly; SameSite=Strict")
        await send(message)

    return with_headers
