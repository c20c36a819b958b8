"""The floor of one session: hands that are up, and the guest on the stage. Pure. Times are ms since 1970 UTC.

    act       by           from                         to
    raise     person       -                            waiting     at the end of the queue
    lower     person       waiting, invited, accepted   lowered
    dismiss   moderator    waiting, invited, accepted   lowered
    invite    moderator    waiting                      invited
    accept    person       invited                      accepted
    decline   person       invited                      lowered
    call      moderator    accepted                     on_stage    who was there before is done
    leave     person       on_stage                     done
    down      moderator    on_stage                     done
    order     moderator    waiting                      waiting     elsewhere in the queue
    clear     moderator    any                          lowered     done on the stage; hands are turned off

`lowered` and `done` are the end of a hand: the person may raise another. One hand of a person is up at a time, one guest on the stage.
"""

from typing import Literal

from msgspec import Struct

from sessions.errors import Conflict, NotHere, TooMany

HANDS_LIMIT = 200
"""Hands up in one session; past it TooMany."""

State = Literal["waiting", "invited", "accepted", "on_stage", "lowered", "done"]

_UP: tuple[State, ...] = ("waiting", "invited", "accepted")


class Hand(Struct, kw_only=True):
    """`role` is its owner's; `place` rises along the queue; `stage_at` is when its owner came onto the stage."""

    id: str
    person: str
    name: str | None = None
    role: str = "attendee"
    lang: str
    raised_at: int
    place: int
    state: State = "waiting"
    stage_at: int | None = None


class Floor:
    """The hands that are up, by id."""

    def __init__(self, hands: list[Hand]) -> None:
        self.hands = {hand.id: hand for hand in hands}

    @property
    def queue(self) -> list[Hand]:
        """Who waits, in the order they will be asked."""
        return sorted((hand for hand in self.hands.values() if hand.state == "waiting"), key=lambda hand: hand.place)

    @property
    def guest(self) -> Hand | None:
        """Who is on the stage."""
        return next((hand for hand in self.hands.values() if hand.state == "on_stage"), None)

    def of(self, person: str) -> Hand | None:
        return next((hand for hand in self.hands.values() if hand.person == person), None)

    def find(self, id: str) -> Hand:
        hand = self.hands.get(id)
        if hand is None:
            raise NotHere(f"there is no hand {id}")
        return hand

    # The person's own

    def raise_hand(self, id: str, person: str, lang: str, now: int, name: str | None = None, role: str = "attendee") -> Hand:
        """One's hand goes up, or is up already. Raises TooMany."""
        if (up := self.of(person)) is not None:
            return up
        if len(self.hands) >= HANDS_LIMIT:
            raise TooMany(f"{HANDS_LIMIT} hands are up already")
        place = max((hand.place for hand in self.hands.values()), default=0) + 1
        hand = self.hands[id] = Hand(id=id, person=person, name=name, role=role, lang=lang, raised_at=now, place=place)
        return hand

    def lower(self, person: str) -> Hand:
        """Raises NotHere without a hand up, Conflict on the stage."""
        return self._end(self._own(person), _UP, "lowered")

    def accept(self, person: str) -> Hand:
        """Raises NotHere, Conflict for who is not invited."""
        return self._move(self._own(person), ("invited", "accepted"), "accepted")

    def decline(self, person: str) -> Hand:
        """Raises NotHere, Conflict for who is not invited."""
        return self._end(self._own(person), ("invited",), "lowered")

    def leave(self, person: str) -> Hand:
        """Leave the stage. Raises NotHere, Conflict for who is not there."""
        return self._end(self._own(person), ("on_stage",), "done")

    # The moderators'

    def invite(self, id: str) -> Hand:
        """Raises NotHere, Conflict."""
        return self._move(self.find(id), ("waiting", "invited"), "invited")

    def dismiss(self, id: str) -> Hand:
        """Lower someone's hand. Raises NotHere, Conflict on the stage."""
        return self._end(self.find(id), _UP, "lowered")

    def call(self, id: str, now: int) -> list[Hand]:
        """Onto the stage. Returns whose hands changed: who was there before is done. Raises NotHere, Conflict for who has not accepted."""
        hand, before = self.find(id), self.guest
        if hand is before:
            return []
        self._move(hand, ("accepted",), "on_stage")
        hand.stage_at = now
        return [hand] if before is None else [self._end(before, ("on_stage",), "done"), hand]

    def down(self, id: str | None = None) -> Hand:
        """Clear the stage, of this hand's owner alone if there is one. Raises NotHere when nobody is there, Conflict for another."""
        if (guest := self.guest) is None:
            raise NotHere("nobody is on the stage")
        if id not in (None, guest.id):
            raise Conflict("somebody else is on the stage now")
        return self._end(guest, ("on_stage",), "done")

    def order(self, id: str, before: str | None) -> list[Hand]:
        """Put a waiting hand in front of another, or last. Returns whose places changed. Raises NotHere, Conflict."""
        hand = self.find(id)
        other = self.find(before) if before is not None else None
        for one in (hand, other):
            if one is not None and one.state != "waiting":
                raise Conflict(f"hand {one.id} is {one.state}")
        if hand is other:
            return []
        queue = [one for one in self.queue if one is not hand]
        places = [one.place for one in self.queue]
        queue.insert(queue.index(other) if other is not None else len(queue), hand)
        changed = [(one, place) for one, place in zip(queue, places, strict=True) if one.place != place]
        for one, place in changed:
            one.place = place
        return [one for one, _ in changed]

    def clear(self) -> list[Hand]:
        """Take all hands down, and the guest from the stage. Returns whose hands changed."""
        hands = list(self.hands.values())
        return [self._end(hand, ("on_stage",), "done") if hand.state == "on_stage" else self._end(hand, _UP, "lowered") for hand in hands]

    def _own(self, person: str) -> Hand:
        hand = self.of(person)
        if hand is None:
            raise NotHere("your hand is not up")
        return hand

    def _move(self, hand: Hand, allowed: tuple[State, ...], to: State) -> Hand:
        if hand.state not in allowed:
            raise Conflict(f"hand {hand.id} is {hand.state}")
        hand.state = to
        return hand

    def _end(self, hand: Hand, allowed: tuple[State, ...], to: State) -> Hand:
        self._move(hand, allowed, to)
        return self.hands.pop(hand.id)
