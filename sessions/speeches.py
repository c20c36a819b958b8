"""One speech and its clock. Pure. The server holds the clock: times are ms since 1970 UTC, and clients count from `since`.

act     from                         to
call    -                            waiting     the seat has the floor, its clock stands
start   waiting, paused              speaking    the clock runs
pause   speaking                     paused
end     waiting, speaking, paused    over
"""

from typing import Literal

from msgspec import Struct

from sessions.errors import Conflict

State = Literal["waiting", "speaking", "paused", "over"]


class Speech(Struct, kw_only=True, omit_defaults=True):
    """`spent` ms had run when the clock last stood; it runs `since`, or stands. `limit` ms is what it counts down from.

    What runs past the limit is counted like the rest: whether to cut a speaker off is the chair's to say.
    """

    seat: str
    state: State
    point: bool = False
    limit: int | None = None
    spent: int = 0
    since: int | None = None

    def elapsed(self, now: int) -> int:
        return self.spent + (0 if self.since is None else max(0, now - self.since))

    def start(self, now: int) -> None:
        """Raises Conflict when it is over; a clock that runs goes on."""
        if self.state == "over":
            raise Conflict("this speech is over")
        if self.state != "speaking":
            self.state, self.since = "speaking", now

    def pause(self, now: int) -> None:
        """Raises Conflict for one that has not begun or is over."""
        if self.state == "paused":
            return
        if self.state != "speaking":
            raise Conflict(f"this speech is {self.state}")
        self._stop(now)
        self.state = "paused"

    def end(self, now: int) -> None:
        """For good."""
        self._stop(now)
        self.state = "over"

    def _stop(self, now: int) -> None:
        self.spent, self.since = self.elapsed(now), None
