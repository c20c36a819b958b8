"""One channel's readers: the state they were last told, and the patches that bring it forward."""

import msgspec

from realtime.hub import Hub
from server.patch import Doc, difference, merge
from server.wire import UpdateType

PARTIAL = ("questions", "polls")
"""Members of the state that are told object by object; all others are told whole."""

_encode = msgspec.json.Encoder().encode


class Audience:
    """Keeps what was published, so that a snapshot is exactly the sum of the updates and nothing is told twice."""

    def __init__(self, hub: Hub, channel: str, state: Doc) -> None:
        self._hub, self.channel, self._state = hub, channel, state
        hub.open(channel, lambda: _encode(self._state))

    def tell(self, type: UpdateType, parts: Doc) -> None:
        """Publish how `parts` differ from what was told: whole objects by id, None for what these readers shall not see."""
        patch: Doc = {}
        for key, value in parts.items():
            before = self._state.get(key)
            if key in PARTIAL:
                inner = _objects(before or {}, value)
                patch |= {key: inner} if inner else {}
            else:
                patch |= difference({} if before is None else {key: before}, {} if value is None else {key: value})
        if patch:
            merge(self._state, patch)
            self._hub.publish(self.channel, type, _encode(patch))

    def restate(self, state: Doc) -> None:
        """Everyone gets this state instead, in a new epoch."""
        self._state = state
        self._hub.reset(self.channel)


def _objects(before: Doc, wanted: Doc) -> Doc:
    patch: Doc = {}
    for id, view in wanted.items():
        if view is None:
            patch |= {id: None} if id in before else {}
        elif inner := difference(before.get(id, {}), view):
            patch[id] = inner
    return patch
