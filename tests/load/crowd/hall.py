"""What all the people of one process know of the session: its state is kept once, however many of them hear it."""

import time
from collections.abc import Callable
from typing import Any

import msgspec

from server.patch import Doc, merge
from tests.load.client import Told

FRESH = 1.0
"""Seconds in which somebody else brings what a newcomer's snapshot is ahead: it is not read, for it is large."""


class Hall:
    """The public state, by whoever hears a step of it first. `opened` is called with the id and round of each poll that opens."""

    def __init__(self, opened: Callable[[str], None]) -> None:
        self._opened = opened
        self._epoch, self._seq, self._heard = "", -1, 0.0
        self.state: Doc = {}
        self.open: dict[str, Doc] = {}
        self.questions: list[str] = []

    def hear(self, told: Told) -> None:
        if told.type == "snapshot":
            if told.epoch == self._epoch and (told.seq <= self._seq or time.monotonic() - self._heard < FRESH):
                return
            self.state = msgspec.json.decode(told.data)
        elif (told.epoch, told.seq) == (self._epoch, self._seq + 1):
            merge(self.state, msgspec.json.decode(told.data))
        else:
            return  # known already, or after something that somebody else will be told
        self._epoch, self._seq, self._heard = told.epoch, told.seq, time.monotonic()
        self._look()

    def _look(self) -> None:
        self.questions = list(self.state["questions"])
        polls: dict[str, Any] = self.state["polls"]
        found = {f"{id}/{poll['round']}": id for id, poll in polls.items() if poll["state"] == "open"}
        before, self.open = self.open, {name: polls[id] for name, id in found.items()}
        for name in found:
            if name not in before:
                self._opened(name)
