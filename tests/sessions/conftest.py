"""A database for each test, of each kind the store writes to."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from server.migrating import migrate
from sessions.store import Store
from tests.postgres import Postgres, postgres


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Postgres]:
    with postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'marquee.db'}"
    server: Postgres = request.getfixturevalue("postgresql")
    return server.database()


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    """A running store on a database with all its tables."""
    store = Store(url)
    await asyncio.to_thread(migrate, store.engine)
    async with store:
        yield store
