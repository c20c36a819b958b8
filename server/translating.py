"""Questions and written answers in the languages of the captions, one after the other, in the background."""

import asyncio
import logging
from collections.abc import Iterator
from typing import Self

from server.captioning import Captioning
from server.live import LiveSession
from sessions.merging import OPEN
from sessions.questions import Question

QUEUE_LIMIT = 500
"""Questions that wait for translation; past it a question stays in its own language."""

logger = logging.getLogger(__name__)


class QuestionTranslator:
    """`async with` it. What it cannot translate stays as it was asked."""

    def __init__(self, captioning: Captioning) -> None:
        self._captioning = captioning
        self._queue: asyncio.Queue[tuple[LiveSession, str]] = asyncio.Queue(QUEUE_LIMIT)

    async def __aenter__(self) -> Self:
        self._group = await asyncio.TaskGroup().__aenter__()
        self._task = self._group.create_task(self._run(), name="question translations")
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._task.cancel()
        await self._group.__aexit__(None, None, None)

    def add(self, live: LiveSession, question: str) -> None:
        """Translate a question soon."""
        try:
            self._queue.put_nowait((live, question))
        except asyncio.QueueFull:
            logger.warning("question %s is not translated: %d wait already", question, QUEUE_LIMIT)

    def catch_up(self, live: LiveSession) -> None:
        """Translate what waited when the service stopped, and what came with the programme."""
        for question in live.questions.items.values():
            if question.state in OPEN and any(_missing(live, question)):
                self.add(live, question.id)

    async def _run(self) -> None:
        while True:
            live, id = await self._queue.get()
            question = live.questions.items.get(id)
            if question is None:
                continue
            for said, spoken, lang in list(_missing(live, question)):
                text = await self._captioning.translate(live.session.id, said, spoken, lang)
                if text is not None:
                    await live.add_translation(id, lang, text, said)


def _missing(live: LiveSession, question: Question) -> Iterator[tuple[str, str, str]]:
    """What is not translated of a question and its answer: the words, their language, the other one."""
    texts = [(question.text, question.lang, question.translations)]
    if question.answer is not None and question.answer_lang is not None:
        texts.append((question.answer, question.answer_lang, question.answer_translations))
    for said, spoken, known in texts:
        yield from ((said, spoken, lang) for lang in live.session.captions if lang != spoken and lang not in known)
