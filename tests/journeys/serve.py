"""The server as a process of its own, for the tests that kill it: `python -m tests.journeys.serve DATA [DATABASE]` prints its URL."""

import asyncio
import sys
from pathlib import Path

from server.serving import running, stop_signals
from server.settings import Settings
from tests.server.site import seed


async def main(data: str, database: str = "") -> None:
    async with running(Settings(port=0, data=Path(data), database=database), seed()) as server:
        with stop_signals() as told:
            print(server.url, flush=True)
            await told.wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
