"""The log of moderation: who did what to which question, when and why; nothing is ever taken out. Pure.

An entry holds the facts an act changed, before and after. To undo it is an act of its own: it brings back what was before,
if the facts are still as the entry left them, and can itself be undone. What an author did to their own question is told
without a name, since it may have been asked anonymously, and only the author can do the contrary.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from sessions import merging, wording
from sessions.errors import Conflict, NotHere
from sessions.questions import Questions

ENTRIES_LIMIT = 1000
"""Newest entries kept in memory: older ones are in the rows, and can no longer be undone. What authors did to their own questions goes
first, so that nobody edits the moderators' acts away."""

FACTS = ("state", "reason", "answer_state", "answer", "answer_lang", "merged_into", "labels")
"""What moderators change of a question, besides corrections of its translations."""

Facts = dict[str, Any]


class Actor(Struct, frozen=True):
    """A moderator, speaker or interpreter who acts."""

    person: str
    name: str | None
    role: str


class Entry(Struct, frozen=True, kw_only=True):
    """`number` rises by one in a session; `at` is in ms since 1970; `actor` is None for the question's author; `undoes` is an entry."""

    number: int
    at: int
    act: str
    actor: Actor | None
    question: str | None = None
    reason: str | None = None
    undoes: int | None = None
    before: Facts
    after: Facts


class Log:
    """The newest entries by number, oldest first, and counts of all that moderators ever did: by act, and dismissals by reason.

    `last` is the number of the newest entry there ever was.
    """

    def __init__(
        self, entries: Iterable[Entry] = (), acts: Counter[str] | None = None, reasons: Counter[str] | None = None, last: int = 0
    ) -> None:
        self.entries = {entry.number: entry for entry in entries}
        self.last = max(last, next(reversed(self.entries), 0))
        self.acts, self.reasons = acts or Counter(), reasons or Counter()

    def add(self, act: str, at: int, actor: Actor | None, before: Facts, after: Facts, **others: Any) -> Entry:
        """Record what an act changed; `others` are the other fields of the entry."""
        self.last += 1
        entry = Entry(number=self.last, at=at, act=act, actor=actor, before=before, after=after, **others)
        self.entries[self.last] = entry
        if actor is not None:
            self.acts[act] += 1
        if entry.reason is not None:
            self.reasons[entry.reason] += 1
        if len(self.entries) > ENTRIES_LIMIT:
            oldest = next(iter(self.entries))
            del self.entries[next((number for number, one in self.entries.items() if one.actor is None), oldest)]
        return entry

    def find(self, number: int) -> Entry:
        entry = self.entries.get(number)
        if entry is None:
            raise NotHere(f"there is no entry {number}, or it is too old")
        return entry


def facts(questions: Questions, id: str | None) -> Facts:
    """What moderators can change, of one question and of the session."""
    found: Facts = {"stage": questions.stage, "slow": questions.slow}
    found |= {f"watched:{lang}": list(words) for lang, words in questions.watched.items()}
    if id is not None:
        question = questions.find(id)
        found |= {name: getattr(question, name) for name in FACTS}
        found |= {f"correction:{lang}": text for lang, text in question.corrections.items()}
    return found


def changed(before: Facts, after: Facts) -> tuple[Facts, Facts]:
    """What differs, as it was and as it is; a fact that was not there is None."""
    names = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return {name: before.get(name) for name in names}, {name: after.get(name) for name in names}


def undo(questions: Questions, entry: Entry) -> None:
    """Bring back what was before an entry. Raises Conflict, and changes nothing, where its facts have changed since."""
    now = facts(questions, entry.question)
    if not entry.after or any(now.get(name) != value for name, value in entry.after.items()):
        raise Conflict(f"entry {entry.number} cannot be undone: things have changed since")
    wanted = dict(entry.before)
    stage, slow = wanted.pop("stage", questions.stage), wanted.pop("slow", questions.slow)
    if stage not in (None, entry.question, questions.stage):
        questions.published(stage)
    for name in [name for name in wanted if name.startswith("watched:")]:
        wording.watch(questions, name.partition(":")[2], wanted.pop(name) or [])
    if entry.question is not None:
        _set(questions, entry.question, wanted)
    questions.slow = slow
    questions.stage = stage if stage is None or questions.find(stage).public else None


def _set(questions: Questions, id: str, wanted: Facts) -> None:
    question = questions.find(id)
    if wanted.get("merged_into") is not None:
        merging.check(question, questions.find(wanted["merged_into"]))
    corrections = dict(question.corrections)
    for name in [name for name in wanted if name.startswith("correction:")]:
        text, lang = wanted.pop(name), name.partition(":")[2]
        if text is None:
            del corrections[lang]
        else:
            corrections[lang] = text
    questions.set(question, corrections=corrections, **wanted)
