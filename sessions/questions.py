"""The questions of one session: asked, curated, voted on, answered. Pure: each function changes memory and nothing else.

Three axes, kept apart. `state` is what becomes of a question; what its author does is marked with a star:

    act         from                           to
    ask*                                       pending
    publish     pending, dismissed             published
    dismiss     pending, published, dismissed  dismissed, for a reason
    appeal*     dismissed                      pending, once
    edit*       pending, published             pending
    archive     published                      archived
    restore     archived | dismissed           published | pending
    withdraw*   pending, published, dismissed  withdrawn, for good

`answer_state` is how far a published question got with the speakers:

    take        unanswered                       answering
    answer      unanswered, answering, answered  answered: live, or in writing where there is an `answer`
    reopen      answering, answered              unanswered

`stage` points at one published question or at none; what leaves the public leaves the stage. Saying an act twice is no error.
A question merged into another (`merging.py`) goes where that one goes: moderators must unmerge it first, its author need not.
What the audience does is in `asking.py`, what is done to the words in `wording.py`; here is what all rules stand on.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Literal

from msgspec import Struct, field

from sessions.errors import Conflict, Invalid, NotHere, TooMany
from sessions.programme import Texts
from sessions.similarity import Index
from sessions.text import clean, language

TEXT_LIMIT = 300
"""Graphemes of a question; a longer one is refused."""

ANSWER_LIMIT = 1000
"""Graphemes of a written answer; a longer one is refused."""

LABELS_LIMIT, LABEL_LIMIT = 5, 30
"""Labels of one question, and graphemes of one; more or longer ones are refused."""

SLOW_LIMIT = 3600
"""Seconds that slow mode may ask people to wait; more is refused."""

State = Literal["pending", "published", "dismissed", "archived", "withdrawn"]
AnswerState = Literal["unanswered", "answering", "answered"]
Reason = Literal["off_topic", "duplicate", "unclear", "conduct", "time"]

MOVES: dict[str, dict[State, State]] = {
    "publish": {"pending": "published", "dismissed": "published", "published": "published"},
    "dismiss": {"pending": "dismissed", "published": "dismissed", "dismissed": "dismissed"},
    "appeal": {"dismissed": "pending"},
    "edit": {"pending": "pending", "published": "pending"},
    "archive": {"published": "archived", "archived": "archived"},
    "restore": {"archived": "published", "dismissed": "pending"},
    "withdraw": {"pending": "withdrawn", "published": "withdrawn", "dismissed": "withdrawn", "withdrawn": "withdrawn"},
}


class Question(Struct, kw_only=True):
    """Times are ms since 1970. `author` and the `region` they declared are never shown; `author_name` is None when asked anonymously.

    `original` is what was asked first, once it was edited. `corrections` are translations somebody wrote; they stand before the
    machine's `translations`. `similar` are ids that may ask the same. `version` rises with all changes but votes and the machine's work.
    """

    id: str
    author: str
    author_name: str | None
    region: str | None = None
    text: str
    lang: str
    asked_at: int
    edited_at: int | None = None
    original: str | None = None
    state: State = "pending"
    reason: Reason | None = None
    appeal: str | None = None
    answer_state: AnswerState = "unanswered"
    answer: str | None = None
    answer_lang: str | None = None
    answer_translations: Texts = field(default_factory=dict)
    merged_into: str | None = None
    version: int = 1
    labels: list[str] = field(default_factory=list)
    similar: list[str] = field(default_factory=list)
    translations: Texts
    corrections: Texts = field(default_factory=dict)
    votes: set[str]

    @property
    def texts(self) -> Texts:
        """It in every language there is, a person's words before the machine's."""
        return self.translations | self.corrections | {self.lang: self.text}

    @property
    def said(self) -> list[str]:
        """Its author's own words, now and at first."""
        return [self.text] if self.original is None else [self.text, self.original]

    @property
    def public(self) -> bool:
        return self.state == "published" and self.merged_into is None


class Questions:
    """All questions of a session by id, the one on the stage, and the seconds a person must wait between two (`slow`).

    `watched` are words to watch for by language, each with the form it is looked for in (`wording.py`).
    """

    def __init__(self, items: list[Question], stage: str | None = None, slow: int = 0) -> None:
        self.items = {question.id: question for question in items}
        self.stage, self.slow = stage, slow
        self.watched: dict[str, dict[str, str]] = {}
        self.index = Index()
        self._merged: defaultdict[str, set[str]] = defaultdict(set)
        for question in items:
            self.index.put(question.id, question.texts)
            if question.merged_into is not None:
                self._merged[question.merged_into].add(question.id)

    def find(self, id: str) -> Question:
        question = self.items.get(id)
        if question is None:
            raise NotHere(f"there is no question {id}")
        return question

    def seen(self, id: str) -> Question:
        """A question for who knows only those that everyone sees. Another is NotHere, as one that never was."""
        question = self.find(id)
        if not question.public:
            raise NotHere(f"there is no question {id}")
        return question

    def own(self, id: str, person: str) -> Question:
        """A person's own question. Another's is NotHere: it may be one that they must not know of."""
        question = self.items.get(id)
        if question is None or question.author != person:
            raise NotHere(f"you have asked no question {id}")
        return question

    # Moderators

    def publish(self, id: str) -> Question:
        question = self._unmerged(id)
        return self.set(question, state=self.to(question, "publish"), reason=None)

    def dismiss(self, id: str, reason: Reason) -> Question:
        """Take a question out of everyone's sight; its author learns the reason. It leaves the stage too."""
        question = self._unmerged(id)
        return self.set(question, state=self.to(question, "dismiss"), reason=reason)

    def archive(self, id: str) -> Question:
        """Put a published question away."""
        question = self._unmerged(id)
        return self.set(question, state=self.to(question, "archive"))

    def restore(self, id: str) -> Question:
        """Bring back what was put away, or look again at what was dismissed."""
        question = self._unmerged(id)
        return self.set(question, state=self.to(question, "restore"), reason=None)

    def highlight(self, id: str | None) -> None:
        """Put a published question on the stage, instead of the one there; None clears it."""
        self.stage = None if id is None else self.published(id).id

    def take(self, id: str) -> Question:
        """Begin to answer a published question."""
        question = self.published(id)
        if question.answer_state == "answered":
            raise Conflict(f"question {id} is answered; reopen it first")
        return self.set(question, answer_state="answering")

    def answer(self, id: str, text: str | None, lang: str) -> Question:
        """Mark a published question answered, live or with a written answer in a language."""
        question = self.published(id)
        if text is None:
            return self.set(question, answer_state="answered")
        return self.set(question, answer_state="answered", answer=clean(text, ANSWER_LIMIT, "the answer"), answer_lang=language(lang))

    def reopen(self, id: str) -> Question:
        """It is unanswered after all; a written answer goes."""
        return self.set(self.published(id), answer_state="unanswered", answer=None, answer_lang=None)

    def label(self, id: str, labels: list[str]) -> Question:
        """These labels instead of those it has; only staff sees them."""
        question = self.find(id)
        cleaned = list(dict.fromkeys(clean(label, LABEL_LIMIT, "the label") for label in labels))
        if len(cleaned) > LABELS_LIMIT:
            raise TooMany(f"a question takes {LABELS_LIMIT} labels at most")
        return self.set(question, labels=cleaned)

    def slow_down(self, seconds: int) -> None:
        """Let each person ask one question in so many seconds; 0 ends it."""
        if not 0 <= seconds <= SLOW_LIMIT:
            raise Invalid(f"slow mode is 0 to {SLOW_LIMIT} seconds")
        self.slow = seconds

    # What was merged

    def root(self, question: Question) -> Question:
        """The question that stands for this one: the one it was merged into, or itself."""
        while question.merged_into is not None:
            question = self.items[question.merged_into]
        return question

    def family(self, question: Question) -> Iterator[Question]:
        """A question and all that were merged into it."""
        yield question
        for id in sorted(self._merged.get(question.id, ())):
            yield from self.family(self.items[id])

    def voters(self, question: Question) -> set[str]:
        """Everyone who wants to know, each once: who voted for it or for what was merged into it, or asked the same."""
        merged = list(self.family(question))
        return set().union(*(one.votes for one in merged), [one.author for one in merged[1:]])

    def wants(self, question: Question, person: str) -> bool:
        """Whether a person is among its voters. Asked of every question when someone comes in, so the usual case is one look."""
        if person in question.votes or not self._merged.get(question.id):
            return person in question.votes
        return person in self.voters(question)

    def votes(self, question: Question) -> int:
        return len(self.voters(question)) if self._merged.get(question.id) else len(question.votes)

    def release(self, question: Question) -> None:
        """Let all that were merged into a question stand for themselves."""
        for id in sorted(self._merged.get(question.id, ())):
            self.set(self.items[id], merged_into=None)

    def set(self, question: Question, **fields: Any) -> Question:
        """Every change goes through here, so that the version, the stage and the index of merged ones follow it."""
        if any(getattr(question, name) != value for name, value in fields.items()):
            if question.merged_into is not None:
                self._merged[question.merged_into].discard(question.id)
            for name, value in fields.items():
                setattr(question, name, value)
            if "answer" in fields:
                question.answer_translations = {}
            if question.merged_into is not None:
                self._merged[question.merged_into].add(question.id)
            question.version += 1
        if self.stage == question.id and not question.public:
            self.stage = None
        return question

    def to(self, question: Question, act: str) -> State:
        """Where an act takes a question. Raises Conflict where it takes it nowhere."""
        to = MOVES[act].get(question.state)
        if to is None:
            raise Conflict(f"question {question.id} is {question.state}")
        return to

    def _unmerged(self, id: str) -> Question:
        question = self.find(id)
        if question.merged_into is not None:
            raise Conflict(f"question {id} is merged into {question.merged_into}")
        return question

    def published(self, id: str) -> Question:
        """A question that everyone sees. Raises Conflict for another."""
        question = self._unmerged(id)
        if question.state != "published":
            raise Conflict(f"question {id} is {question.state}")
        return question
