"""What every page works with."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine
from starlette.requests import Request

from ..settings import Settings

FRAMES = (10, 20, 40, 60, 80, 100)  # as in the original system


@dataclass(frozen=True)
class Site:
    """One running server. `token` is what a visitor must know, or None where only this machine can reach it."""

    settings: Settings
    engine: Engine
    inbox: Path
    token: str | None = None
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    @property
    def frames(self) -> tuple[int, ...]:
        """The numbers of frames that can be chosen."""
        return tuple(sorted({*FRAMES, self.settings.frames}))

    def form_token(self, visitor: str) -> str:
        """Return what a form of this visitor must carry, so that no other site's page can send it."""
        return hmac.new(self.secret, visitor.encode(), hashlib.sha256).hexdigest()

    def is_form_token(self, visitor: str, given: str) -> bool:
        """Say whether a form was made by this server for this visitor."""
        wanted = self.form_token(visitor)
        return hmac.compare_digest(wanted.encode(), given.encode())


def site_of(request: Request) -> Site:
    """Return the site that a request is for."""
    site: Site = request.app.state.site
    return site


def visitor_of(request: Request) -> str:
    """Return the visitor's name, a random one from their cookie."""
    visitor: str = request.scope["forensics.visitor"]
    return visitor
