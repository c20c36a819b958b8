"""The policy, the floor and the summit of a session while it runs, and what each reader may know of them."""

from typing import Any

import msgspec
from msgspec import structs

from server import wire
from server.patch import Doc
from server.views import View, document
from sessions import formats
from sessions.floor import Floor, Hand
from sessions.motions import Motion
from sessions.podiums import Held
from sessions.programme import Session
from sessions.summit import Summit

ENTRIES_LIMIT = 40
"""Newest acts of a summit that its people are told; the rows hold all."""


class Podium:
    """`delegates` are the people of each seat."""

    def __init__(self, session: Session, held: Held) -> None:
        self.policy = held.policy or formats.policy(session.format, session.rules)
        self.floor, self.motions, self.record, self.delegates = held.floor, held.motions, held.record, held.delegates
        self.summit = held.summit or Summit({})
        self.summit.seat_all(seat.id for seat in session.seats)

    def amend(self, before: Session, after: Session) -> None:
        """The programme has changed: seats come and go, and another format, or other rules of it, fill the policy anew."""
        self.summit.seat_all(seat.id for seat in after.seats)
        for seat in {seat.id for seat in before.seats} - {seat.id for seat in after.seats}:
            self.summit.accounts.pop(seat, None)
        if (before.format, before.rules) != (after.format, after.rules):
            self.policy = formats.policy(after.format, after.rules)

    def sit(self, person: str, seat: str) -> None:
        """Someone came in by a delegation's link."""
        self.delegates.setdefault(seat, set()).add(person)

    # What readers know

    def parts(self, *, staff: bool) -> View:
        """Members of the session's state; None for what is off."""
        return {
            "policy": msgspec.to_builtins(self.policy),
            "floor": floor(self.floor, staff=staff) if self.policy.hands != "nobody" else None,
            "summit": self._summit(staff=staff) if self.policy.summit else None,
        }

    def own(self, person: str, seat: str | None) -> dict[str, Any]:
        """What is a person's own."""
        hand = self.hands().get(person)
        votes = {motion.id: motion.votes[seat] for motion in self.motions.items.values() if seat in motion.votes} if seat else {}
        return {"seat": seat, "hand": msgspec.convert(hand, wire.OwnHand) if hand is not None else None, "votes": votes}

    def hands(self) -> dict[str, Doc]:
        """Each hand that is up as its owner sees it, by person."""
        ahead = {hand.person: number for number, hand in enumerate(self.floor.queue)}
        hands = self.floor.hands.values()
        return {hand.person: document(wire.OwnHand(state=hand.state, ahead=ahead.get(hand.person))) for hand in hands}  # type: ignore[arg-type]

    def _summit(self, *, staff: bool) -> View:
        summit = self.summit
        return document(
            wire.SummitState(
                seats=summit.accounts,
                queue=summit.queue,
                points=summit.points,
                roll=summit.roll,
                quorum=summit.quorum(self.policy),
                lags=summit.lags,
                motions={id: motion(item, staff=staff) for id, item in self.motions.items.items()},
                record={str(entry.number): entry for entry in self.record.entries[-ENTRIES_LIMIT:]},
                speech=summit.speech,
                aside=summit.aside,
                free_at=summit.free_at or None,
            )
        )


def floor(floor: Floor, *, staff: bool) -> View:
    """The floor as staff or everyone sees it: whose hands are up is for staff, who is on the stage everyone sees."""
    guest = floor.guest
    return document(
        wire.FloorState(
            waiting=len(floor.queue),
            guest=wire.Guest(lang=guest.lang, since=guest.stage_at or guest.raised_at, name=guest.name) if guest is not None else None,
            hands={id: _hand(hand) for id, hand in floor.hands.items()} if staff else None,
        )
    )


def motion(item: Motion, *, staff: bool) -> wire.Motion:
    """A motion: how the seats voted is known when it is closed."""
    closed = item.state == "closed"
    silent = [seat for seat in item.entitled if seat not in item.votes]
    return wire.Motion(
        texts=item.texts,
        majority=item.majority,
        order=item.order,
        state=item.state,
        entitled=len(item.entitled),
        voted=len(item.votes),
        silent=silent if staff or closed else None,
        votes=item.votes if closed else None,
        division=item.division,
    )


def _hand(hand: Hand) -> wire.Hand:
    told = {name: value for name, value in structs.asdict(hand).items() if name in wire.Hand.__struct_fields__}
    return wire.Hand(**told)
