"""One channel's readers: the state they were last told, and the patches that bring it forward."""

import msgspec

from realtime.errors import UpdateTooBig
from realtime.hub import Hub
from server.patch import Doc, difference, merge
from server.wire import UpdateType

PARTIAL = ("questions", "polls", "announcements", "messages", "problems", "solutions")
"""Members of the state that are told object by object; all others are told whole."""

_encode = msgspec.json.Encoder().encode


class Audience:
    """Keeps what was published, so that a snapshot is exactly the sum of the updates and nothing is told twice."""

    def __init__(self, hub: Hub, channel: str, state: Doc) -> None:
        self._hub, self.channel, self._state, self._closed = hub, channel, _own(state), False
        hub.open(channel, lambda: _encode(self._state))

    def tell(self, type: UpdateType, parts: Doc) -> None:
        """Publish how `parts` differ from what was told: whole objects by id, None for what these readers shall not see."""
        if self._closed:
            return
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
            self._publish(type, patch)

    def restate(self, state: Doc) -> None:
        """Everyone gets this state instead, in a new epoch."""
        if self._closed:
            return
        self._state = _own(state)
        self._hub.reset(self.channel)

    def close(self) -> None:
        """Say nothing more. Its name is free; what is told afterwards is told nobody."""
        self._closed = True
        self._hub.close(self.channel)

    def _publish(self, type: UpdateType, patch: Doc) -> None:
        try:
            self._hub.publish(self.channel, type, _encode(patch))
        except UpdateTooBig:  # a long question with its translations comes back, say: the state is told instead
            self._hub.reset(self.channel)


def _own(state: Doc) -> Doc:
    """Objects of its own, because patches are merged in place: two audiences may be given parts of one."""
    own: Doc = {}
    merge(own, state)
    return own


def _objects(before: Doc, wanted: Doc) -> Doc:
    patch: Doc = {}
    for id, view in wanted.items():
        if view is None:
            patch |= {id: None} if id in before else {}
        elif inner := difference(before.get(id, {}), view):
            patch[id] = inner
    return patch
