"""The few lines the demo says itself, as captions that are labelled as scripted: they are no recognizer's work."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal

Say = Callable[[str], Awaitable[object]]
"""Commits one final line to the captions."""

LANG = "en"
ORIGIN: Literal["scripted"] = "scripted"
SPEAKER = "Ifeoma Adeyanju-Cole"

PAUSE = 3.0
"""Seconds for reading one line."""

WELCOME = [
    "Good morning, and welcome to the Summit of 18 Leaders.",
    "Every word of this session is captioned, and every question is read in your language.",
    "While the hall takes its seats, we hear a reading.",
]


async def welcome(say: Say) -> None:
    """Say the welcome. Short, since the recognizer keeps silent for a while after a line that somebody wrote."""
    for line in WELCOME:
        await say(line)
        await asyncio.sleep(PAUSE)
