"""What an operator may set, as environment variables `MARQUEE_*`. The defaults are the embedded ones: SQLite, one process, loopback."""

import os
import secrets
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, StringConstraints, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from realtime.proxies import LOCAL

Node = Annotated[str, StringConstraints(pattern=r"^https?://[^/?#\s]+(/[^?#\s]*[^/?#\s])?$")]
"""A URL without a slash at its end."""

Http = Annotated[str, StringConstraints(pattern=r"^(https?://[^/?#\s@]+(/[^?#\s@]*)?)?$")]
WebSocket = Annotated[str, StringConstraints(pattern=r"^wss?://[^/?#\s@]+(/[^?#\s@]*)?$")]
"""URLs without a name, a password or a query in them: an address is written into logs, a secret is not."""

IceServer = Annotated[str, StringConstraints(pattern=r'^(stuns?|turns?):[^\s<>",;]+$')]
"""A URL by RFC 7064 or RFC 7065."""


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="MARQUEE_", extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    data: Path = Path("data")
    """The folder for the SQLite file and the secret."""
    database: str = ""
    """An SQLAlchemy URL (`postgresql+psycopg://...`); SQLite in the data folder when empty."""
    bus: str = ""
    """`redis://...`; in memory when empty."""
    media_port: int = Field(default=0, ge=0, le=65535)
    """The one port of the relay, for UDP and TCP; 0 takes a free one."""
    media_addresses: list[str] = ["127.0.0.1"]
    """Addresses, IPv4 and IPv6, at which viewers reach the media port, for the ICE candidates."""
    secret: SecretStr | None = None
    """Signs the tokens, 32 characters or more; made and kept in the data folder when not given."""
    viewers: int = Field(default=2000, ge=1)
    """Viewers of one session this process takes; the next is asked to come later (503)."""
    strict_tags: bool = False
    """Whether a PATCH of media must name its ICE session in If-Match (428, 412), as RFC 9725 has it and few clients do."""
    node: Node | Literal[""] = ""
    """How players and other nodes reach this one (`https://one.example.org`). The nodes on one bus then share their sessions:

    each pulls from the others what its viewers watch, and sends away whom it cannot take. They must share programme and secret.
    """
    together: bool = False
    """Whether the nodes are behind one address: then a session's media is all at one of them, and requests for it are passed on inside."""
    inner: int = Field(default=0, ge=0, le=65535)
    """A second port, on loopback, at which the other processes of this machine reach this one; MARQUEE_NODE names it."""
    nodes: dict[str, Node] = {}
    """Which other node carries a session, by session id (`{"summit": "https://two.example.org"}`): its media is asked for there (307).

    The nodes must share the programme and the secret. A node that finds its own address here carries the session itself.
    """
    turn_urls: list[IceServer] = []
    """STUN and TURN servers for the guests' browsers (`["turn:turn.example.org:3478?transport=udp"]`)."""
    turn_secret: SecretStr = SecretStr("")
    """The TURN server's `static-auth-secret`, from which passwords for a while are made."""
    recordings: Path | None = None
    """The folder into which every session is recorded, as it is published; not recorded when not given."""
    programme: Path | None = None
    """A JSON file with the programme, read when the database is new."""
    proxies: list[str] = list(LOCAL)
    """Proxies in front, as addresses or networks, whose X-Forwarded-For and -Proto are believed."""
    origins: list[str] = []
    """Other sites whose pages may open the socket."""
    vosk: dict[str, WebSocket] = {}
    """WebSocket URLs of Vosk servers by the floor's base language (`{"fr": "ws://..."}`); English has a recognizer of its own."""
    deepgram: dict[str, WebSocket] = {}
    """Servers with Deepgram's live protocol by the floor's base language (`{"fr": "wss://..."}`)."""
    deepgram_key: SecretStr = SecretStr("")
    sherpa: dict[str, Path] = {}
    """Folders of streaming transducers for sherpa-onnx (the extra `sherpa`) by the floor's base language."""
    whisper: dict[str, Path] = {}
    """Folders of Whisper models in CTranslate2's format for faster-whisper (the extra `whisper`) by the floor's base language."""
    transcriptions: Http = ""
    """URL, without `/v1`, of a server with OpenAI's transcriptions: the last choice for every floor."""
    transcriptions_model: str = "whisper-1"
    transcriptions_key: SecretStr = SecretStr("")
    deepl: Http = ""
    """URL of DeepL's API (`https://api.deepl.com`), asked before all others."""
    deepl_key: SecretStr = SecretStr("")
    chat: Http = ""
    """URL, without `/v1`, of a server with OpenAI's chat completions that translates what no other engine can."""
    chat_model: str = ""
    chat_key: SecretStr = SecretStr("")
    libretranslate: Http = ""
    """URL of a LibreTranslate server, for languages Apertium does not know."""
    ctranslate2: Path | None = None
    """The folder of CTranslate2's models (the extra `ctranslate2`): `en-es` and others of OPUS-MT, `nllb`; asked before Apertium."""
    hook_hosts: list[str] = []
    """Hosts and networks of engines that may be at an address which is not public (`["localhost", "10.0.0.0/8"]`)."""

    metrics: SecretStr | None = None
    """The bearer token for `/metrics`; without one there are none."""

    @model_validator(mode="after")
    def _turn_needs_its_secret(self) -> Self:
        if not self.turn_secret.get_secret_value() and any(url.startswith("turn") for url in self.turn_urls):
            raise ValueError("MARQUEE_TURN_URLS names a TURN server: MARQUEE_TURN_SECRET must be its secret")
        return self

    @model_validator(mode="after")
    def _together_needs_nodes(self) -> Self:
        if (self.together or self.inner) and not self.node:
            raise ValueError("MARQUEE_TOGETHER and MARQUEE_INNER are for nodes: MARQUEE_NODE must be how the others reach this one")
        return self

    @model_validator(mode="after")
    def _nodes_need_each_other(self) -> Self:
        if self.node and (not self.bus or self.secret is None):
            raise ValueError("MARQUEE_NODE is for several nodes: MARQUEE_BUS must be their Redis and MARQUEE_SECRET their secret")
        return self

    def database_url(self) -> str:
        return self.database or f"sqlite:///{self.data / 'marquee.sqlite3'}"

    def signing_key(self) -> str:
        """The secret; raises ValueError for a short one. Makes the data folder and the file on first use."""
        if self.secret is not None:
            if len(self.secret.get_secret_value()) < 32:
                raise ValueError("MARQUEE_SECRET must have 32 characters or more")
            return self.secret.get_secret_value()
        path = self.data / "secret"
        if not path.exists():
            self.data.mkdir(parents=True, exist_ok=True)
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(48))
        return path.read_text()
