"""Keys of secret ballots: a file each beside the database, never in it, and destroyed at the close.

Who has the database, its journals and its backups, but not this folder, learns nothing of a vote, whenever they look; after a
close not even the folder helps.
"""

import hmac
import os
import secrets
from hashlib import sha256
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sessions.kinds.form import Form
from sessions.secrecy import Cast

SIZE = 512
"""Bytes of every envelope before it is sealed, whatever is in it: its length says nothing. Options are held by their number."""

_NONCE = 12


class _Letter(msgspec.Struct, array_like=True):
    person: str
    options: list[int]
    receipt: str
    key: str
    said: str | None = None


class Safe:
    """`folder` is made when it is first needed. Raises OSError where files cannot be written, LookupError for a key that is gone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._keys: dict[str, bytes] = {}

    def prepare(self, poll: str, round: int) -> None:
        """Make the key of a round, durably, before the first vote. One that is there stays."""
        path = self._path(poll, round)
        if path.exists():
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(32))
            file.flush()
            os.fsync(file.fileno())
        self._sync()

    def destroy(self, poll: str, round: int) -> None:
        """Nobody opens that round's envelopes any more. Idempotent."""
        path = self._path(poll, round)
        self._keys.pop(path.name, None)
        if path.exists():
            path.unlink()
            self._sync()

    def seal(self, poll: str, round: int, form: Form, cast: Cast) -> tuple[str, str]:
        """The row of a vote: where it goes, which is the same for all votes of a person and tells nobody whose it is, and the envelope."""
        key, number = self._key(poll, round), {option.id: index for index, option in enumerate(form.options)}
        letter = msgspec.json.encode(_Letter(cast.person, [number[option] for option in cast.ballot], cast.receipt, cast.key, cast.said))
        slot = hmac.digest(key, cast.person.encode(), sha256)[:16].hex()
        nonce = secrets.token_bytes(_NONCE)
        return slot, (nonce + AESGCM(key).encrypt(nonce, letter.ljust(SIZE), slot.encode())).hex()

    def open(self, poll: str, round: int, form: Form, slot: str, envelope: str) -> Cast:
        """What `seal` was given. Raises LookupError for an envelope that this key does not open."""
        sealed = bytes.fromhex(envelope)
        try:
            text = AESGCM(self._key(poll, round)).decrypt(sealed[:_NONCE], sealed[_NONCE:], slot.encode())
        except InvalidTag:
            raise LookupError(f"an envelope of poll {poll} is not of this key") from None
        letter = msgspec.json.decode(text, type=_Letter)
        return Cast(letter.person, [form.options[index].id for index in letter.options], letter.receipt, letter.key, letter.said)

    def _key(self, poll: str, round: int) -> bytes:
        path = self._path(poll, round)
        if path.name not in self._keys:
            if not path.exists():
                raise LookupError(f"the key of poll {poll} is not in {self._folder}")
            self._keys[path.name] = path.read_bytes()
        return self._keys[path.name]

    def _path(self, poll: str, round: int) -> Path:
        return self._folder / f"{poll}.{round}.key"

    def _sync(self) -> None:
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
