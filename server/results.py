"""The channels on which those who have voted follow a tally that the others may not know yet."""

import logging
from collections.abc import Iterable

from realtime.endpoint import Connection
from realtime.errors import TooManyChannels
from realtime.hub import Hub
from server import views
from server.audience import Audience
from server.patch import Doc
from sessions.people import Role
from sessions.polls import Poll, Polls

logger = logging.getLogger(__name__)

Sockets = dict[str, dict[Connection, Role]]
"""Those of each person, the oldest first, and what they came in as."""


class Results:
    """A channel per round of each poll that shows its tally after the vote, while it runs. `sockets` are a person's, by id."""

    def __init__(self, hub: Hub, session: str, sockets: Sockets) -> None:
        self._hub, self._session, self._sockets = hub, session, sockets
        self._open: dict[str, Audience] = {}

    def channel(self, poll: Poll) -> str:
        return f"{self._session}/polls/{poll.id}/{poll.round}"

    def of(self, person: str, polls: Polls) -> list[str]:
        """The channels that someone may follow."""
        mine = (poll for poll in polls.items.values() if person in poll.ballots and views.for_voters(poll))
        return [self.channel(poll) for poll in mine]

    def settle(self, polls: Iterable[Poll]) -> None:
        """Open the channels that the polls now need, close those of former rounds, and bring everyone in who may follow.

        That of a poll that closed stays and says nothing: it may open again, and a channel's name has one history.
        """
        for poll in polls:
            if poll.id in self._open and self._open[poll.id].channel != self.channel(poll):
                self.close(poll.id)
            if views.for_voters(poll):
                self._audience(poll).tell("poll.tallied", _state(poll))
                for person in self._sockets.keys() & poll.ballots.keys():
                    self.admit(person, poll)

    def admit(self, person: str, poll: Poll) -> None:
        """Who has voted follows from here on."""
        if not views.for_voters(poll) or person not in poll.ballots:
            return
        channel = self._audience(poll).channel
        for conn in self._sockets.get(person, ()):
            if channel not in conn.subscriptions:
                try:
                    self._hub.subscribe(conn, channel)
                except TooManyChannels:
                    logger.info("someone follows too many channels for one more tally")

    def tell(self, poll: Poll) -> None:
        if poll.id in self._open and views.for_voters(poll):
            self._open[poll.id].tell("poll.tallied", _state(poll))

    def close(self, poll: str) -> None:
        """The poll is gone."""
        if poll in self._open:
            self._hub.close(self._open.pop(poll).channel)

    def end(self) -> None:
        """All of them are."""
        for id in list(self._open):
            self.close(id)

    def restate(self, polls: Polls) -> None:
        """Everything anew, after memory was read again."""
        self.end()
        self.settle(polls.items.values())

    def _audience(self, poll: Poll) -> Audience:
        if poll.id not in self._open:
            self._open[poll.id] = Audience(self._hub, self.channel(poll), _state(poll))
        return self._open[poll.id]


def _state(poll: Poll) -> Doc:
    return {"tally": views.document(views.tally(poll, staff=False))}
