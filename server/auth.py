"""Who asks, and whether they may: signed tokens that carry a person, one session and a role."""

import time
from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Annotated

import jwt
from fastapi import Depends, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from server.errors import Forbidden, NotFound, Unauthorized
from sessions.erasing import mark
from sessions.people import RIGHTS, Role

LIFETIME = 7 * 24 * 3600
"""Seconds a token is good for: a conference week. Afterwards the link gives a new one."""

TICKET_LIFETIME = 60
"""Seconds a ticket is good for: it stands in a URL, which logs remember."""

HLS_PERIOD = 6 * 3600
"""Seconds for which HLS is at one address: it stands in caches, which keep a copy for each address."""

STAGE_LIFETIME = 600
"""Seconds a guest's token for the stage is good for; whoever is still there gets another."""

_TICKET, _STAGE, _NODE = "ticket", "stage", "node"
"""Audiences: what is good for one thing is good for no other."""


@dataclass(frozen=True, slots=True)
class Principal:
    """A person as a token says, with the region they declared; `sessions` is what exists, `seat` a delegate's.

    A `guest` is who shows a token for the stage: it is good for publishing, and for nothing else.
    """

    person: str
    session: str
    role: Role
    lang: str
    name: str | None
    region: str | None
    sessions: Container[str]
    seat: str | None = None
    guest: bool = False

    def may(self, act: str) -> bool:
        return act == "media.publish" if self.guest else act in RIGHTS[self.role]

    def require(self, act: str, session: str) -> None:
        """Raises NotFound for a session that does not exist, Forbidden for one that is not theirs or an act that is not."""
        if session not in self.sessions:
            raise NotFound("there is no such session")
        if session != self.session:
            raise Forbidden("this token is for another session")
        if not self.may(act):
            raise Forbidden(f"your role ({self.role}) has no right to {act}")


class Tokens:
    """Issues and reads tokens (JWT, RFC 7519, HS256). `erased` are marks of those whose tokens are no longer good."""

    def __init__(self, key: str, sessions: Container[str], erased: Container[str] = ()) -> None:
        self._key, self._sessions, self._erased = key, sessions, erased

    def issue(
        self,
        person: str,
        session: str,
        role: Role,
        lang: str,
        name: str | None = None,
        region: str | None = None,
        seat: str | None = None,
    ) -> str:
        who = {"sub": person, "ses": session, "rol": role.value, "lng": lang}
        return self._sign(who | {"nam": name, "reg": region, "sea": seat}, LIFETIME)

    def ticket(self, principal: Principal) -> str:
        """A token for the URL of a redirect: a client that follows it to another host takes no Authorization along."""
        who = {"sub": principal.person, "ses": principal.session, "rol": principal.role.value, "lng": principal.lang}
        return self._sign(who | {"aud": _TICKET, "gst": "stage" if principal.guest else None}, TICKET_LIFETIME)

    def issue_node(self, node: str, session: str) -> str:
        """What a node shows another one whose session it pulls; it is nobody's token."""
        return self._sign({"sub": node, "ses": session, "aud": _NODE}, TICKET_LIFETIME)

    def read_node(self, token: str, session: str) -> None:
        """Raises Unauthorized for whatever is no node's token for this session."""
        try:
            claims = jwt.decode(token, self._key, ["HS256"], audience=_NODE, options={"require": ["sub", "ses", "exp"]})
        except jwt.InvalidTokenError:
            claims = {}
        if claims.get("ses") != session:
            raise Unauthorized("this token is no node's, or has expired", code="bad_token")

    def read(self, token: str) -> Principal:
        """Raises Unauthorized for whatever is no token of ours in force."""
        return self._read(token, None)

    def read_ticket(self, ticket: str) -> Principal:
        """Raises Unauthorized for whatever is no ticket of ours in force; a token is none."""
        return self._read(ticket, _TICKET)

    def issue_stage(self, principal: Principal) -> str:
        """A token for WHIP, in force while its owner is on the stage of their session."""
        who = {"sub": principal.person, "ses": principal.session, "rol": principal.role.value, "lng": principal.lang}
        return self._sign(who | {"aud": _STAGE}, STAGE_LIFETIME)

    def read_media(self, token: str) -> Principal:
        """As `read`, and tokens for the stage."""
        try:
            return self._read(token, None)
        except Unauthorized:
            return self._read(token, _STAGE)

    def _sign(self, claims: Mapping[str, str | None], lifetime: int) -> str:
        now = int(time.time())
        told = {key: value for key, value in claims.items() if value is not None}
        return jwt.encode(told | {"iat": now, "exp": now + lifetime}, self._key, "HS256")

    def _read(self, token: str, audience: str | None) -> Principal:
        try:
            claims = jwt.decode(token, self._key, ["HS256"], audience=audience, options={"require": ["sub", "ses", "rol", "lng", "exp"]})
            role = Role(claims["rol"])
        except (jwt.InvalidTokenError, ValueError):
            raise Unauthorized("this token is wrong or has expired", code="bad_token") from None
        if mark(claims["sub"]) in self._erased:
            raise Unauthorized("whose token this was has been erased", code="bad_token")
        about = (claims.get("nam"), claims.get("reg"), self._sessions, claims.get("sea"), audience == _STAGE or "gst" in claims)
        return Principal(claims["sub"], claims["ses"], role, claims["lng"], *about)

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

    def issue_hls(self, session: str) -> str:
        """The key of a session's HLS: the same for all who ask in HLS_PERIOD, good for that long at least and twice as long at most."""
        ends = (int(time.time()) // HLS_PERIOD + 2) * HLS_PERIOD
        return jwt.encode({"hls": session, "exp": ends}, self._key, "HS256")

    def read_hls(self, key: str, session: str) -> None:
        """Raises Unauthorized for whatever is no key of the session's in force."""
        try:
            claims = jwt.decode(key, self._key, ["HS256"], options={"require": ["hls", "exp"]})
        except jwt.InvalidTokenError:
            claims = {}
        if claims.get("hls") != session or session not in self._sessions:
            raise Unauthorized("this address is wrong or has expired", code="bad_token")


_bearer = HTTPBearer(auto_error=False, description="a personal token from `POST /api/join/{code}`")


async def authenticated(request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> Principal:
    """The dependency of every route that needs to know who asks. Raises Unauthorized."""
    if given is None:
        raise Unauthorized("send Authorization: Bearer and a token")
    tokens = request.app.state.services.tokens
    assert isinstance(tokens, Tokens)
    return tokens.read(given.credentials)


async def authenticated_here_or_elsewhere(
    request: Request,
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    ticket: Annotated[str | None, Query(include_in_schema=False)] = None,
) -> Principal:
    """Like `authenticated`, and lets in whom another node of ours has sent here, and guests by their token for the stage."""
    tokens = request.app.state.services.tokens
    assert isinstance(tokens, Tokens)
    if given is None and ticket is not None:
        return tokens.read_ticket(ticket)
    return await authenticated(request, given) if given is None else tokens.read_media(given.credentials)
