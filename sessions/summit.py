"""Seats that speak in turn, each with an equal account of time. Pure. Times are ms since 1970 UTC, durations ms.

    act        by          needs                                      does
    roll       chair       -                                          all absent until they answer
    answer     delegate    the roll is being called                   present
    mark       chair       -                                          present, or absent: what an absent seat wanted is forgotten
    ask        delegate    present                                    in the queue, which is by least time spent, then by who asked first
    unask      delegate    -                                          out of the queue
    point      delegate    present, and has not the floor itself      a point of order, ahead of the queue
    deny       chair       a point of this seat                       the point is gone
    call       chair       nobody speaks, or a point interrupts       its speech waits (see `speeches`), out of the queue
    start      chair       a speech; the interpreters are through     its clock runs
    pause      chair       a speech that runs                         its clock stands
    end        chair       a speech                                   over; one that a point interrupted is back, paused
    declare    interpreter -                                          how far a language is behind

A point of order takes nothing from its seat's account and waits for nobody. With `wait` in the policy, the clock of a speech that
ends runs on for as long as the slowest language is behind: until `free_at` no next speech starts, and none that a point interrupted
goes on.
"""

from collections.abc import Iterable

from msgspec import Struct

from sessions.errors import Conflict, Invalid, NotHere, NotYet
from sessions.formats import SessionPolicy
from sessions.speeches import Speech

LAG_LIMIT = 60
"""Seconds that interpreters may be behind; more is refused."""


class Account(Struct, omit_defaults=True):
    """One seat: the ms it has spoken, whether it is present, and since when it asks to speak."""

    spent: int = 0
    present: bool = False
    asked_at: int | None = None


class Summit(Struct):
    """`accounts` are by seat, `points` seats with a point of order, first come first; `aside` is a speech that a point interrupted.

    `lags` are the ms by which each language is behind; no next speech starts before `free_at`.
    """

    accounts: dict[str, Account]
    roll: bool = False
    points: list[str] = []
    speech: Speech | None = None
    aside: Speech | None = None
    lags: dict[str, int] = {}
    free_at: int = 0

    def seat_all(self, seats: Iterable[str]) -> None:
        """Give every seat an account that has none yet: a programme may have got more."""
        for seat in seats:
            self.accounts.setdefault(seat, Account())

    @property
    def present(self) -> list[str]:
        return [seat for seat, account in self.accounts.items() if account.present]

    @property
    def queue(self) -> list[str]:
        """Who asks to speak, by least time spent, then by who asked first."""
        asking = [(account.spent, account.asked_at, seat) for seat, account in self.accounts.items() if account.asked_at is not None]
        return [seat for *_, seat in sorted(asking)]

    def quorum(self, policy: SessionPolicy) -> int:
        return policy.quorum or len(self.accounts) // 2 + 1

    def quorate(self, policy: SessionPolicy) -> bool:
        return len(self.present) >= self.quorum(policy)

    def entitled(self, policy: SessionPolicy) -> list[str]:
        """The seats that vote on a motion put now. Raises Conflict while the roll is called, or without a quorum."""
        if self.roll:
            raise Conflict("the roll is being called")
        if not self.quorate(policy):
            raise Conflict(f"there is no quorum: {self.quorum(policy)} seats have to be present")
        return self.present

    # The roll

    def call_roll(self, on: bool) -> None:
        """Begin calling it, or be through with it."""
        if on and not self.roll:
            for account in self.accounts.values():
                account.present = False
        self.roll = on

    def answer(self, seat: str) -> None:
        """Raises Conflict while the roll is not called."""
        account = self._account(seat)
        if not self.roll:
            raise Conflict("the roll is not being called")
        account.present = True

    def mark(self, seat: str, present: bool) -> None:
        """As the chair sees it."""
        account = self._account(seat)
        account.present = present
        if not present:
            account.asked_at = None
            self.points = [one for one in self.points if one != seat]

    # The queue

    def ask(self, seat: str, on: bool, now: int) -> None:
        """Ask to speak, or no longer. Raises Conflict for an absent seat."""
        account = self._here(seat) if on else self._account(seat)
        if not on:
            account.asked_at = None
        elif account.asked_at is None:
            account.asked_at = now

    def point(self, seat: str) -> bool:
        """Raise a point of order; whether it is new. Raises Conflict for an absent seat, and for one that speaks or was interrupted."""
        self._here(seat)
        if any(speech is not None and speech.seat == seat for speech in (self._current(), self.aside)):
            raise Conflict(f"seat {seat} has the floor itself")
        if seat in self.points:
            return False
        self.points.append(seat)
        return True

    def deny(self, seat: str) -> None:
        """Raises NotHere without a point of this seat."""
        if seat not in self.points:
            raise NotHere(f"seat {seat} has no point of order")
        self.points.remove(seat)

    # Speeches

    def call(self, policy: SessionPolicy, now: int, seat: str | None = None) -> Speech:
        """Give the floor to a seat: to its point of order, if it has one. Without a seat, to whose turn it is.

        Raises NotHere when nobody asks, Conflict while someone speaks, or for a seat that is absent or has no time left.
        """
        wanted = seat if seat is not None else next(iter((*self.points, *self.queue)), None)
        if wanted is None:
            raise NotHere("nobody asks to speak")
        account, is_point, current = self._here(wanted), wanted in self.points, self._current()
        if current is not None and (not is_point or current.point):
            raise Conflict(f"seat {current.seat} has the floor")
        limit = policy.point_seconds * 1000 or None if is_point else self._limit(policy, wanted)
        if is_point:
            self.points.remove(wanted)
        else:
            account.asked_at = None
        if current is not None:
            self._interrupt(current, now)
        self.speech = Speech(seat=wanted, state="waiting", point=is_point, limit=limit)
        return self.speech

    def start(self, now: int) -> Speech:
        """Raises NotHere without a speech, Conflict, NotYet while the interpreters are not through."""
        speech = self._speech()
        if not speech.point and now < self.free_at:
            raise NotYet("the interpreters are still speaking", -(-(self.free_at - now) // 1000))
        speech.start(now)
        return speech

    def pause(self, now: int) -> Speech:
        """Raises NotHere, Conflict."""
        speech = self._speech()
        before = speech.spent
        speech.pause(now)
        self._book(speech, before)
        return speech

    def end(self, policy: SessionPolicy, now: int) -> Speech:
        """Raises NotHere. Returns the speech that is over."""
        speech = self._speech()
        before = speech.spent
        speech.end(now)
        self._book(speech, before)
        if policy.wait and speech.spent:
            self.free_at = now + max(self.lags.values(), default=0)
        self.speech, self.aside = (self.aside, None) if self.aside is not None else (speech, None)
        return speech

    def declare(self, lang: str, seconds: int) -> None:
        """How far the interpretation into a language is behind. Raises Invalid."""
        if not 0 <= seconds <= LAG_LIMIT:
            raise Invalid(f"a lag is 0 to {LAG_LIMIT} seconds")
        if seconds:
            self.lags[lang] = seconds * 1000
        else:
            self.lags.pop(lang, None)

    def _limit(self, policy: SessionPolicy, seat: str) -> int | None:
        limits = [policy.speech_seconds * 1000] if policy.speech_seconds else []
        if policy.account_seconds:
            left = policy.account_seconds * 1000 - self.accounts[seat].spent
            if left <= 0:
                raise Conflict(f"seat {seat} has no time left")
            limits.append(left)
        return min(limits, default=None)

    def _interrupt(self, current: Speech, now: int) -> None:
        if current.state == "speaking":
            before = current.spent
            current.pause(now)
            self._book(current, before)
        self.aside = current

    def _book(self, speech: Speech, before: int) -> None:
        """Put what has run since on the seat's account."""
        if not speech.point:
            self.accounts[speech.seat].spent += speech.spent - before

    def _current(self) -> Speech | None:
        return self.speech if self.speech is not None and self.speech.state != "over" else None

    def _speech(self) -> Speech:
        if (current := self._current()) is None:
            raise NotHere("nobody has the floor")
        return current

    def _account(self, seat: str) -> Account:
        account = self.accounts.get(seat)
        if account is None:
            raise NotHere(f"there is no seat {seat}")
        return account

    def _here(self, seat: str) -> Account:
        account = self._account(seat)
        if not account.present:
            raise Conflict(f"seat {seat} is absent")
        return account
