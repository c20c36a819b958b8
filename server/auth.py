"""Who asks, and whether they may: signed tokens that carry a person, one session and a role."""

import time
from collections.abc import Container
from dataclasses import dataclass
from typing import Annotated

import jwt
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from server.errors import Forbidden, NotFound, Unauthorized
from sessions.people import RIGHTS, Role

LIFETIME = 7 * 24 * 3600
"""Seconds a token is good for: a conference week. Afterwards the link gives a new one."""


@dataclass(frozen=True, slots=True)
class Principal:
    """A person as a token says, with the region they declared; `sessions` is what exists."""

    person: str
    session: str
    role: Role
    lang: str
    name: str | None
    region: str | None
    sessions: Container[str]

    def may(self, act: str) -> bool:
        return act in RIGHTS[self.role]

    def require(self, act: str, session: str) -> None:
        """Raises NotFound for a session that does not exist, Forbidden for one that is not theirs or an act that is not."""
        if session not in self.sessions:
            raise NotFound("there is no such session")
        if session != self.session:
            raise Forbidden("this token is for another session")
        if not self.may(act):
            raise Forbidden(f"{self.role} may not {act}")


class Tokens:
    """Issues and reads tokens (JWT, RFC 7519, HS256)."""

    def __init__(self, key: str, sessions: Container[str]) -> None:
        self._key, self._sessions = key, sessions

    def issue(self, person: str, session: str, role: Role, lang: str, name: str | None = None, region: str | None = None) -> str:
        now = int(time.time())
        claims = {"sub": person, "ses": session, "rol": role.value, "lng": lang, "iat": now, "exp": now + LIFETIME}
        told = {key: value for key, value in (("nam", name), ("reg", region)) if value is not None}
        return jwt.encode(claims | told, self._key, "HS256")

    def read(self, token: str) -> Principal:
        """Raises Unauthorized for whatever is no token of ours in force."""
        try:
            claims = jwt.decode(token, self._key, ["HS256"], options={"require": ["sub", "ses", "rol", "lng", "exp"]})
            role = Role(claims["rol"])
        except (jwt.InvalidTokenError, ValueError):
            raise Unauthorized("this token is wrong or has expired", code="bad_token") from None
        return Principal(claims["sub"], claims["ses"], role, claims["lng"], claims.get("nam"), claims.get("reg"), self._sessions)

    def issue_ingest(self, session: str, lang: str) -> str:
        """What a caption tool's address carries: it writes one language of one session, and is nobody's token."""
        claims = {"ses": session, "ing": lang, "exp": int(time.time()) + LIFETIME}
        return jwt.encode(claims, self._key, "HS256")

    def read_ingest(self, key: str) -> tuple[str, str]:
        """Session and language of such an address. Raises Unauthorized."""
        try:
            claims = jwt.decode(key, self._key, ["HS256"], options={"require": ["ses", "ing", "exp"]})
        except jwt.InvalidTokenError:
            raise Unauthorized("this address is wrong or has expired", code="bad_token") from None
        return claims["ses"], claims["ing"]


_bearer = HTTPBearer(auto_error=False, description="a personal token from `POST /api/join/{code}`")


async def authenticated(request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> Principal:
    """The dependency of every route that needs to know who asks. Raises Unauthorized."""
    if given is None:
        raise Unauthorized("send Authorization: Bearer and a token")
    tokens = request.app.state.services.tokens
    assert isinstance(tokens, Tokens)
    return tokens.read(given.credentials)
