"""Loops: sockets behave differently on asyncio's own loop and on uvloop, so what touches them runs on both."""

import asyncio
from collections.abc import Callable, Mapping

import pytest
import uvloop

BOTH = {"test_socket", "test_outbox"}


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    if item.path.stem in BOTH:
        return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
    return {"asyncio": asyncio.new_event_loop}
