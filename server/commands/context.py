"""What a handler may use besides its command."""

from dataclasses import dataclass

from server.auth import Principal
from server.captioning import Captioning
from server.live import LiveSession
from server.stages import Stages
from server.translating import TextTranslator


@dataclass(frozen=True, slots=True)
class Context:
    live: LiveSession
    caller: Principal
    captioning: Captioning
    translator: TextTranslator
    stages: Stages
