"""The questions of one session: asked, curated, voted on, answered. Pure: each function changes memory and nothing else.

pending --publish--> published --dismiss--> dismissed --publish--> published
   +------dismiss--------------------------------^
"""

from typing import Literal

from msgspec import Struct

from sessions.errors import Conflict, NotHere, TooMany
from sessions.programme import Texts
from sessions.text import clean, language

TEXT_LIMIT = 300
"""Graphemes of a question; a longer one is refused."""

ANSWER_LIMIT = 1000
"""Graphemes of a written answer; a longer one is refused."""

PENDING_LIMIT = 5
"""Questions of one person that wait for a moderator; past it TooMany."""

QUESTIONS_LIMIT = 1000
"""Questions of one session; past it TooMany."""

State = Literal["pending", "published", "dismissed"]
Reason = Literal["off_topic", "duplicate", "unclear", "conduct", "time"]


class Question(Struct, kw_only=True):
    """`author_name` is None for who gave none or asked anonymously; `author` is never shown. `asked_at` is in ms since 1970."""

    id: str
    author: str
    author_name: str | None
    text: str
    lang: str
    asked_at: int
    state: State = "pending"
    answered: bool = False
    answer: str | None = None
    reason: Reason | None = None
    translations: Texts
    votes: set[str]


class Questions:
    """All questions of a session by id, and the one on the stage."""

    def __init__(self, items: list[Question], stage: str | None = None) -> None:
        self.items = {question.id: question for question in items}
        self.stage = stage

    def find(self, id: str) -> Question:
        question = self.items.get(id)
        if question is None:
            raise NotHere(f"there is no question {id}")
        return question

    def ask(self, id: str, author: str, name: str | None, text: str, lang: str, now: int) -> Question:
        """A new question waits for a moderator. Raises Invalid, TooLong, TooMany."""
        if len(self.items) >= QUESTIONS_LIMIT:
            raise TooMany(f"a session takes {QUESTIONS_LIMIT} questions")
        waiting = sum(question.author == author and question.state == "pending" for question in self.items.values())
        if waiting >= PENDING_LIMIT:
            raise TooMany(f"{PENDING_LIMIT} of your questions wait for a moderator already")
        text, lang = clean(text, TEXT_LIMIT, "the question"), language(lang)
        question = Question(id=id, author=author, author_name=name, text=text, lang=lang, asked_at=now, translations={}, votes=set())
        self.items[id] = question
        return question

    def vote(self, id: str, person: str, on: bool) -> Question:
        """Put a person's vote on a published question or take it off. Says how it shall be: a repeat changes nothing."""
        question = self._published(id)
        (question.votes.add if on else question.votes.discard)(person)
        return question

    def publish(self, id: str) -> Question:
        question = self.find(id)
        question.state, question.reason = "published", None
        return question

    def dismiss(self, id: str, reason: Reason) -> Question:
        """Take a question out of everyone's sight; its author learns the reason. It leaves the stage too."""
        question = self.find(id)
        question.state, question.reason = "dismissed", reason
        if self.stage == id:
            self.stage = None
        return question

    def highlight(self, id: str | None) -> None:
        """Put a published question on the stage, instead of the one there; None clears it."""
        self.stage = None if id is None else self._published(id).id

    def answer(self, id: str, text: str | None) -> Question:
        """Mark a published question answered, live or with a written answer."""
        question = self._published(id)
        answer = None if text is None else clean(text, ANSWER_LIMIT, "the answer")
        question.answered, question.answer = True, answer or question.answer
        return question

    def translated(self, id: str, lang: str, text: str) -> Question:
        question = self.find(id)
        question.translations[lang] = text
        return question

    def _published(self, id: str) -> Question:
        question = self.find(id)
        if question.state != "published":
            raise Conflict(f"question {id} is {question.state}")
        return question
