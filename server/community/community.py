"""Announcements, the chat and the problem board of one running session: their memory, their readers, and the clock of the first.

The chat and the board have channels of their own, for those who open them; announcements are in everyone's state of the session.
Handlers change memory, make the views, and tell them after the commit: `chat_told` and the like return what to call then.
"""

import asyncio
import time
from collections.abc import Callable, Iterable

from realtime.endpoint import Connection
from realtime.hub import Hub
from server.audience import Audience
from server.auth import Principal
from server.community import views
from server.patch import Doc
from server.soon import Soon
from server.wire import UpdateType
from sessions import formats
from sessions.community import Held
from sessions.formats import Who

COALESCE = 0.25
"""Seconds between two updates of how many acknowledged or support something."""

Told = Callable[[], None]


class Community:
    """`tell` publishes parts of the session's state to everyone and to staff; `chat_is_for` says whom the session's chat is for."""

    def __init__(
        self, hub: Hub, session: str, held: Held, tell: Callable[[UpdateType, Doc, Doc], None], chat_is_for: Callable[[], Who]
    ) -> None:
        self._hub, self._tell, self._chat_is_for = hub, tell, chat_is_for
        self._take(held)
        self.chat_readers = [Audience(hub, f"{session}/chat{end}", self._chat_state(staff=staff)) for staff, end in _READERS]
        self.board_readers = [Audience(hub, f"{session}/problems{end}", self._board_state(staff=staff)) for staff, end in _READERS]
        self._counts: Soon[tuple[str, str], UpdateType] = Soon(COALESCE, self._tell_counts)
        self._clock: asyncio.TimerHandle | None = None
        self._closed = False
        self.wind()

    def _take(self, held: Held) -> None:
        self.announcements, self.chat, self.problems = held.announcements, held.chat, held.problems

    def restate(self, held: Held) -> None:
        """Everything anew, after memory was read again."""
        self._take(held)
        for (staff, _), chat, board in zip(_READERS, self.chat_readers, self.board_readers, strict=True):
            chat.restate(self._chat_state(staff=staff))
            board.restate(self._board_state(staff=staff))
        self.wind()

    def close(self) -> None:
        self._closed = True
        self._counts.close()
        if self._clock is not None:
            self._clock.cancel()
        for audience in (*self.chat_readers, *self.board_readers):
            audience.close()

    # Readers

    def channels(self, caller: Principal) -> set[str]:
        """The channels that someone may follow: staff those with what the others do not see."""
        staff = caller.may("staff.read")
        chat = {self.chat_readers[staff].channel} if formats.admits(self._chat_is_for(), caller.role) else set()
        return chat | {self.board_readers[staff].channel}

    def shut_chat(self, conn: Connection) -> None:
        for audience in self.chat_readers:
            self._hub.unsubscribe(conn, audience.channel)

    def mine(self, person: str) -> Doc:
        """What is a person's own, as fields of `wire.Me`."""
        mine = [item for item in self.chat.items.values() if item.author == person]
        solutions = self.problems.solutions.values()
        return {
            "acknowledged": {id: True for id, item in self.announcements.items.items() if person in item.acknowledged},
            "messages": {item.id: views.own_message(item) for item in mine if item.state != "retracted"},
            "muted": person in self.chat.muted,
            "solutions": {item.id: views.own_solution(item) for item in solutions if item.author == person and item.state != "retracted"},
            "supported": {item.id: True for item in solutions if person in item.support},
        }

    # Announcements

    def announced(self, *, staff: bool) -> Doc:
        """All that these readers may know, by id; None for what they may not."""
        now = _now()
        return {id: views.announcement(item, now, staff=staff) for id, item in self.announcements.items.items()}

    def announce(self, type: UpdateType) -> None:
        """Tell what has changed, by whatever it was, and wait for the next time something will."""
        self._tell(type, {"announcements": self.announced(staff=False)}, {"announcements": self.announced(staff=True)})
        self.wind()

    def wind(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
        if self._closed:
            return
        now = _now()
        at = self.announcements.next_change(now)
        self._clock = None if at is None else asyncio.get_running_loop().call_later((at - now) / 1000, self._strike)

    def _strike(self) -> None:
        # The loop's clock and the wall's are two: what is a little early waits again.
        self.announce("announcement.due")

    def acknowledged(self, id: str) -> None:
        self._counts.mark(("announcement", id), "announcement.counted")

    # The chat

    def _chat_state(self, *, staff: bool) -> Doc:
        messages = {id: views.message(self.chat, id, staff=staff) for id in self.chat.items}
        state: Doc = {"messages": {id: view for id, view in messages.items() if view is not None}}
        return state | ({"slow": self.chat.slow} if self.chat.slow else {})

    def chat_told(self, type: UpdateType, ids: Iterable[str] = ()) -> Told:
        """What tells these messages, and slow mode, as they are now."""
        ids, slow = list(ids), {"slow": self.chat.slow or None}
        parts = [slow | {"messages": {id: views.message(self.chat, id, staff=staff) for id in ids}} for staff, _ in _READERS]
        return lambda: _publish(self.chat_readers, type, parts)

    # The problem board

    def _board_state(self, *, staff: bool) -> Doc:
        parts = self._board_parts(self.problems.items, self.problems.solutions, staff=staff)
        return {name: {id: view for id, view in part.items() if view is not None} for name, part in parts.items()}

    def _board_parts(self, problems: Iterable[str], solutions: Iterable[str], *, staff: bool) -> Doc:
        return {
            "problems": {id: views.bulletin(self.problems.find(id), staff=staff) for id in problems},
            "solutions": {id: views.solution(self.problems, self.problems.solution(id), staff=staff) for id in solutions},
        }

    def board_told(self, type: UpdateType, problems: Iterable[str] = (), solutions: Iterable[str] = ()) -> Told:
        """What tells these problems and solutions as they are now."""
        problems, solutions = list(problems), list(solutions)
        parts = [self._board_parts(problems, solutions, staff=staff) for staff, _ in _READERS]
        return lambda: _publish(self.board_readers, type, parts)

    def supported(self, id: str) -> None:
        self._counts.mark(("solution", id), "solution.supported")

    def _tell_counts(self, marked: dict[tuple[str, str], UpdateType]) -> None:
        if solutions := [id for kind, id in marked if kind == "solution" and id in self.problems.solutions]:
            self.board_told("solution.supported", solutions=solutions)()
        if any(kind == "announcement" for kind, _ in marked):
            self.announce("announcement.counted")


_READERS = ((False, ""), (True, "/staff"))
"""Everyone and staff, and how the channel of each ends."""


def _publish(readers: list[Audience], type: UpdateType, parts: list[Doc]) -> None:
    for audience, part in zip(readers, parts, strict=True):
        audience.tell(type, part)


def _now() -> int:
    return time.time_ns() // 1_000_000
