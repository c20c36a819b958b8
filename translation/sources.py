"""Who writes a language: the law by which one source gives way to another, and how its writer is doing. Times are monotonic seconds."""

from dataclasses import dataclass, field
from typing import Literal

from msgspec import Struct

HOLD = 15.0
"""Seconds for which a person's line keeps the machine out of that language: who types well need not fight a recognizer."""

SILENT = 20.0
"""Seconds without a line after which a source counts as silent: readers are told that nothing comes, not that nothing is said."""

Origin = Literal["recognizer", "human", "ingest", "scripted"]
State = Literal["active", "degraded", "doubtful", "silent"]
Choice = Literal["auto", "recognizer", "human", "ingest", "scripted", "off"]


class Source(Struct, kw_only=True, omit_defaults=True):
    """Where a language's lines come from now, and whether they do.

    `degraded`: late, or from a second choice, or not translated. `doubtful`: what is heard makes little sense, as when another language
    is spoken, and lines that are not sure are held back. `silent`: none came for a while. `choice` is what was asked for.
    """

    kind: Literal["recognizer", "human", "ingest", "scripted", "translation", "off"]
    state: State
    choice: Choice = "auto"


@dataclass(slots=True)
class Writer:
    """One language's sources. On `auto` people come before the machine; a choice lets nobody else write."""

    choice: Choice = "auto"
    kind: Origin | None = None
    """Who wrote last."""
    hearing: bool = False
    """Whether a recognizer listens."""
    faulty: bool = False
    """Whether that recognizer is late, restarting or a second choice; of a translation: whether its last line is not one."""
    doubtful: bool = False
    """Whether that recognizer hears what makes little sense."""
    _since: float = 0.0
    _held: float = 0.0
    _begun: set[Origin] = field(default_factory=set)

    def admit(self, origin: Origin, final: bool, now: float) -> bool:
        """Whether a line may be told; it counts if so. A line that readers have begun to read is let to its end, whoever writes now."""
        finishes = final and origin in self._begun
        if not finishes and not self._may(origin, now):
            return False
        if final:
            self._begun.discard(origin)
        else:
            self._begun.add(origin)
        if self._may(origin, now):
            self.kind, self._since = origin, now
            if origin != "recognizer":
                self._held = now + HOLD
        return True

    def choose(self, choice: Choice, now: float) -> None:
        self.choice, self._since, self._held = choice, now, 0.0

    def listen(self, hearing: bool, now: float) -> None:
        self.hearing, self.faulty, self.doubtful, self._since = hearing, False, False, now

    def holds(self, now: float) -> bool:
        """Whether people write this language now, or nobody shall: then no machine does."""
        return now < self._held or self.choice not in ("auto", "recognizer")

    def source(self, now: float) -> Source | None:
        """None while nobody has written and nobody listens."""
        if self.choice == "off":
            return Source(kind="off", state="silent", choice="off")
        machine = self.hearing and not self.holds(now)
        kind = self.choice if self.choice != "auto" else "recognizer" if machine else self.kind
        if kind is None:
            return None
        return Source(kind=kind, state=self._state(kind, now), choice=self.choice)

    def _state(self, kind: str, now: float) -> State:
        if kind == "recognizer" and (self.faulty or self.doubtful):
            return "degraded" if self.faulty else "doubtful"
        return "silent" if now >= self._since + SILENT else "active"

    def _may(self, origin: Origin, now: float) -> bool:
        if self.choice == "auto":
            return origin != "recognizer" or now >= self._held
        return origin == self.choice
