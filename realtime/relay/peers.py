"""Who is served now: every peer with its task."""

import asyncio
import logging
from collections.abc import Callable, Iterator

from realtime.relay.errors import UnknownResource
from realtime.relay.ice import Credentials
from realtime.relay.offer import Section
from realtime.relay.peer import Peer
from realtime.relay.port import MediaPort

logger = logging.getLogger(__name__)


class Peers:
    """Runs peers in `tasks`, and calls `left(peer)` once for each that has ended, for whatever reason."""

    def __init__(self, port: MediaPort, tasks: asyncio.TaskGroup, left: Callable[[Peer], None]) -> None:
        self._port, self._tasks, self._left = port, tasks, left
        self._peers: dict[str, tuple[Peer, asyncio.Task[None]]] = {}

    def __len__(self) -> int:
        return len(self._peers)

    def __iter__(self) -> Iterator[Peer]:
        """Those that are here now; they may be ended on the way."""
        return iter([peer for peer, _ in self._peers.values()])

    def find(self, resource_id: str) -> Peer:
        """Raises UnknownResource."""
        entry = self._peers.get(resource_id)
        if entry is None:
            raise UnknownResource("no such resource, or it has ended")
        return entry[0]

    def serve(self, peer: Peer, ice: Credentials, sections: tuple[Section, ...]) -> None:
        """Let a peer with these credentials come, and be what the answer accepted."""
        peer.ice.begin(ice)
        peer.sections = sections
        self._port.register(peer)
        self._peers[peer.resource_id] = peer, self._tasks.create_task(self._run(peer), name=f"{peer.role} of {peer.session}")

    def end(self, peer: Peer) -> None:
        """Take a peer out of everything at once; its task then says goodbye. Idempotent."""
        entry = self._peers.pop(peer.resource_id, None)
        if entry is None:
            return
        self._port.forget(peer)
        self._left(peer)
        entry[1].cancel()

    async def _run(self, peer: Peer) -> None:
        """A peer's task. Whatever happens in it ends this peer and no other."""
        try:
            await peer.run()
        except TimeoutError:
            logger.info("a %s of %s never connected", peer.role, peer.session)
        except Exception:
            logger.exception("a %s of %s failed", peer.role, peer.session)
        finally:
            self.end(peer)
