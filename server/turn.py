"""TURN credentials for a while, which the TURN server checks by a secret it shares with us (coturn's `use-auth-secret`)."""

import base64
import hashlib
import hmac
import time
from collections.abc import Sequence

LIFETIME = 12 * 3600
"""Seconds the credentials are good for: the longest day of the conference, since the TURN server asks for them again every few minutes."""


def credentials(secret: str, person: str, now: float | None = None) -> tuple[str, str]:
    """User name and password by the TURN REST scheme (draft-uberti-behave-turn-rest): expiry and person, and their HMAC-SHA1."""
    username = f"{int(time.time() if now is None else now) + LIFETIME}:{person}"
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return username, base64.b64encode(digest).decode()


def links(urls: Sequence[str], secret: str, person: str) -> list[str]:
    """The value of a Link header for each STUN or TURN server (RFC 9725 section 4.6)."""
    username, password = credentials(secret, person)
    secrets = f'; username="{username}"; credential="{password}"; credential-type="password"'
    return [f'<{url}>; rel="ice-server"{secrets if url.startswith("turn") else ""}' for url in urls]
