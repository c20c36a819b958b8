"""What people write, in the languages of the captions: one text after the other, in the background."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Self

from server.captioning import Captioning
from server.live import LiveSession
from sessions import polls
from sessions.community import announcement_write, message_write, version_write
from sessions.merging import OPEN
from sessions.problems import Problem, Solution
from sessions.programme import Texts

QUEUE_LIMIT = 500
"""Texts that wait for translation; past it one stays in its own language."""

CHAT_LIMIT = 200
"""Texts that wait for a chat's message not to be translated: a busy chat must not keep questions from being read."""

logger = logging.getLogger(__name__)

Missing = Iterable[tuple[str, str, str]]
"""What is not translated: the words, their language, the other one."""


@dataclass(frozen=True, slots=True)
class Work:
    """`missing` says what is to do when its turn comes; `keep` takes a language, the text in it, and the words it translates."""

    name: str
    session: str
    missing: Callable[[], Missing]
    keep: Callable[[str, str, str], Awaitable[None]]


class TextTranslator:
    """`async with` it. What it cannot translate stays as it was written."""

    def __init__(self, captioning: Captioning) -> None:
        self._captioning = captioning
        self._queue: asyncio.Queue[Work] = asyncio.Queue(QUEUE_LIMIT)

    async def __aenter__(self) -> Self:
        self._group = await asyncio.TaskGroup().__aenter__()
        self._task = self._group.create_task(self._run(), name="translations")
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._task.cancel()
        await self._group.__aexit__(None, None, None)

    def add(self, live: LiveSession, question: str) -> None:
        """Translate a question and its answer soon."""
        self._put(
            Work(f"question {question}", live.session.id, partial(_of_question, live, question), partial(live.add_translation, question))
        )

    def add_poll(self, live: LiveSession, poll: str) -> None:
        """Translate a poll soon, into the languages that its author did not write."""
        self._put(Work(f"poll {poll}", live.session.id, partial(_of_poll, live, poll), partial(live.add_poll_translation, poll)))

    def add_announcement(self, live: LiveSession, id: str) -> None:
        def missing() -> Missing:
            item = live.community.announcements.items.get(id)
            return () if item is None else _others(live, item.texts[item.lang], item.lang, item.texts | item.translations)

        async def keep(lang: str, text: str, of: str) -> None:
            item = live.community.announcements.find(id)
            if item.translated(lang, text, of) and await live.keep_translation(announcement_write(live.session.id, item)):
                live.community.announce("announcement.translated")

        self._put(Work(f"announcement {id}", live.session.id, missing, keep))

    def add_message(self, live: LiveSession, id: str) -> None:
        def missing() -> Missing:
            item = live.community.chat.items.get(id)
            return () if item is None else _others(live, item.text, item.lang, item.translations)

        async def keep(lang: str, text: str, of: str) -> None:
            item = live.community.chat.items.get(id)
            if item and item.translated(lang, text, of) and await live.keep_translation(message_write(live.session.id, item)):
                live.community.chat_told("chat.translated", [id])()

        if self._queue.qsize() < CHAT_LIMIT:
            self._put(Work(f"message {id}", live.session.id, missing, keep))

    def add_problem(self, live: LiveSession, id: str) -> None:
        """Translate the newest version of a bulletin."""
        told = partial(live.community.board_told, "problem.translated")
        self._add_written(live, lambda: live.community.problems.find(id), lambda: told([id])())

    def add_solution(self, live: LiveSession, id: str) -> None:
        """Translate the newest version of a solution."""
        told = partial(live.community.board_told, "solution.translated")
        self._add_written(live, lambda: live.community.problems.solution(id), lambda: told(solutions=[id])())

    def _add_written(self, live: LiveSession, find: Callable[[], Problem | Solution], told: Callable[[], None]) -> None:
        def missing() -> Missing:
            version = find().version
            return _others(live, version.text, version.lang, version.translations)

        async def keep(lang: str, text: str, of: str) -> None:
            item = find()
            if item.translated(lang, text, of) and await live.keep_translation(version_write(live.session.id, item)):
                told()

        self._put(Work("a text of the problem board", live.session.id, missing, keep))

    def catch_up(self, live: LiveSession) -> None:
        """Translate what waited when the service stopped, and what came with the programme. A chat's past stays as it was."""
        for question in live.questions.items.values():
            if question.state in OPEN and any(_of_question(live, question.id)):
                self.add(live, question.id)
        for id in live.polls.items:
            self.add_poll(live, id)
        for id in live.community.announcements.items:
            self.add_announcement(live, id)
        for id in live.community.problems.items:
            self.add_problem(live, id)
        for id in live.community.problems.solutions:
            self.add_solution(live, id)

    def _put(self, work: Work) -> None:
        if not any(work.missing()):
            return
        try:
            self._queue.put_nowait(work)
        except asyncio.QueueFull:
            logger.warning("%s is not translated: %d wait already", work.name, QUEUE_LIMIT)

    async def _run(self) -> None:
        while True:
            work = await self._queue.get()
            for said, spoken, lang in list(work.missing()):
                text = await self._captioning.translate(work.session, said, spoken, lang)
                if text is not None:
                    await work.keep(lang, text, said)


def _of_question(live: LiveSession, id: str) -> Iterator[tuple[str, str, str]]:
    question = live.questions.items.get(id)
    if question is None:
        return
    yield from _others(live, question.text, question.lang, question.translations)
    if question.answer is not None and question.answer_lang is not None:
        yield from _others(live, question.answer, question.answer_lang, question.answer_translations)


def _of_poll(live: LiveSession, id: str) -> Iterator[tuple[str, str, str]]:
    poll = live.polls.items.get(id)
    if poll is not None:
        yield from ((said, spoken, lang) for lang in live.session.captions for said, spoken in polls.untranslated(poll, lang))


def _others(live: LiveSession, said: str, spoken: str, known: Texts) -> Iterator[tuple[str, str, str]]:
    """The languages of the captions in which something said is not known yet; of nothing, none."""
    return ((said, spoken, lang) for lang in live.session.captions if said and lang != spoken and lang not in known)
