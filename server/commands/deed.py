"""What one act changed: found by looking before and after, so that rows, updates, the log and everyone's own state always agree."""

import time
from collections.abc import Callable
from typing import Any

from msgspec import UNSET, UnsetType

from server import views
from server.commands.context import Context
from server.errors import Conflict
from server.live import Change, Outcome, question_write
from server.patch import Doc, difference
from server.views import View
from server.wire import UpdateType
from sessions import errors, moderation
from sessions.moderation import Actor, Entry
from sessions.questions import Question
from sessions.store import Write


class Deed:
    """Make it, `run` the rule, ask for the `outcome`. It looks at a question (None for an act on the session) and all merged with it."""

    def __init__(self, context: Context, question: str | None, *more: str) -> None:
        self._context, self._live, self._caller, self._id = context, context.live, context.caller, question
        self._questions = context.live.questions
        self._ids = [id for id in (question, *more) if id is not None and id in self._questions.items]
        self._families = self._merged()
        self._versions = {id: one.version for id, one in self._families.items()}
        self._own = {id: views.own(self._questions, one) for id, one in self._families.items()}
        self._voters = {id: self._questions.voters(one) for id, one in self._families.items()}
        self._facts = self._now()

    def expect(self, version: int | None) -> None:
        """Raises Conflict with the question as it is, when it is no longer at the version that the caller saw."""
        if version is None or self._id is None:
            return
        question = self._questions.find(self._id)
        if question.version != version:
            raise self._conflict(f"question {self._id} is at version {question.version}")

    def run(self, rule: Callable[[], object]) -> None:
        """Raises what the rule raises; a conflict carries the question as its reader may know it."""
        try:
            rule()
        except errors.Conflict as error:
            raise self._conflict(str(error)) from None

    def outcome(self, type: UpdateType, act: str, *, reason: str | None = None, undoes: int | None = None) -> Outcome:
        """The rows to write and what to tell. Nothing, where nothing changed. An act on one's own question is logged without a name."""
        families = self._families
        changed = [one for id, one in families.items() if one.version != self._versions[id]]
        before, after = moderation.changed(self._facts, self._now())
        if not changed and not after:
            return Outcome()
        writes = [question_write(self._live.session.id, one) for one in changed]
        if "stage" in after or "slow" in after:
            writes.append(self._stage())
        watched = [name.partition(":")[2] for name in after if name.startswith("watched:")]
        writes += [self._watched(lang) for lang in watched]
        writes.append(self._logged(act, before, after, reason, undoes))
        told = tuple(self._questions.items) if watched else tuple(families)  # any question may hold a word that is watched now
        return Outcome(writes, Change(type, questions=told, desk=True), mine=self._mine(families))

    def _logged(self, act: str, before: moderation.Facts, after: moderation.Facts, reason: str | None, undoes: int | None) -> Write:
        if act in AUTHORS:
            return log_write(self._live.session.id, self._live.log.add(act, _now(), None, {}, {}, question=self._id))
        return logged(self._context, act, before, after, question=self._id, reason=reason, undoes=undoes)

    def _mine(self, families: dict[str, Question]) -> dict[str, Doc]:
        mine: dict[str, Doc] = {}
        for id, one in families.items():
            if patch := difference(self._own[id], views.own(self._questions, one)):
                _part(mine, one.author, "questions")[id] = patch
            # Whose vote is now in another question's count, or no longer: their button has to know.
            was, now = self._voters[id], self._questions.voters(one)
            for person in was ^ now:
                _part(mine, person, "voted")[id] = True if person in now else None
        return mine

    def _merged(self) -> dict[str, Question]:
        questions = self._questions
        roots = [questions.root(questions.find(id)) for id in self._ids]
        return {one.id: one for root in roots for one in questions.family(root)} | {id: questions.find(id) for id in self._ids}

    def _now(self) -> moderation.Facts:
        return moderation.facts(self._questions, self._id if self._id in self._questions.items else None)

    def _stage(self) -> Write:
        return Write("stage", {"session": self._live.session.id, "question": self._questions.stage, "slow": self._questions.slow})

    def _watched(self, lang: str) -> Write:
        words = list(self._questions.watched.get(lang, ()))
        return Write("watched", {"session": self._live.session.id, "lang": lang, "words": words})

    def _conflict(self, detail: str) -> Conflict:
        return Conflict(detail, current=self._seen())

    def _seen(self) -> View | None:
        if self._id is None:
            return None
        question = self._questions.find(self._id)
        if self._caller.may("staff.read"):
            return views.question(self._questions, question, staff=True)
        if question.author == self._caller.person:
            return views.own(self._questions, question)
        return views.question(self._questions, question, staff=False)


def _part(mine: dict[str, Doc], person: str, name: str) -> Doc:
    part: Doc = mine.setdefault(person, {}).setdefault(name, {})
    return part


def expect_stage(there: str | None, expected: str | UnsetType | None, wanted: str | None, current: View | None = None) -> None:
    """Raises Conflict, with what is `current`, where the stage is neither as the caller saw it (`expected`, if said) nor as `wanted`."""
    if expected is not UNSET and there not in (expected, wanted):
        raise Conflict("the stage is not as you saw it", current=current)


AUTHORS = ("question.edit", "question.withdraw", "question.appeal")
"""Acts of a question's author."""


def logged(
    context: Context, act: str, before: moderation.Facts | None = None, after: moderation.Facts | None = None, **others: Any
) -> Write:
    """Put what a moderator did into the log; `others` are the other fields of the entry. The row to write."""
    caller, live = context.caller, context.live
    actor = Actor(caller.person, caller.name, caller.role)
    return log_write(live.session.id, live.log.add(act, _now(), actor, before or {}, after or {}, **others))


def log_write(session: str, entry: Entry) -> Write:
    actor = entry.actor
    row = {name: getattr(entry, name) for name in entry.__struct_fields__ if name != "actor"}
    who = {"actor": actor and actor.person, "actor_name": actor and actor.name, "actor_role": actor and actor.role}
    return Write("moderation", {"session": session} | row | who)


def _now() -> int:
    return time.time_ns() // 1_000_000
