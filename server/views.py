"""What a reader may know: the one place where a field is shown or withheld. A view is a JSON document without nulls."""

from itertools import islice
from typing import Any

import msgspec

from server import wire
from sessions import ordering
from sessions.moderation import Entry, Log
from sessions.polls import Poll
from sessions.questions import Question, Questions

NEXT_LIMIT = 50
"""Questions whose fair order is told; those after them wait until some were heard."""

ACTS_LIMIT = 50
"""Newest acts that staff sees in the state; the whole log is read over HTTP."""

View = dict[str, Any]


def question(questions: Questions, item: Question, *, staff: bool) -> View | None:
    """A question as staff or everyone sees it; None for who may not know that it exists."""
    if not item.public and not staff:
        return None
    seen = wire.Question(
        id=item.id,
        text=item.text,
        lang=item.lang,
        asked_at=item.asked_at,
        state=item.state,
        answer_state=item.answer_state,
        votes=questions.votes(item),
        translations=item.translations | item.corrections,
        corrected=sorted(item.corrections),
        author=item.author_name,
        answer=item.answer,
        edited_at=item.edited_at,
    )
    return _document(_for_staff(seen, item) if staff else seen)


def _for_staff(seen: wire.Question, item: Question) -> wire.Question:
    more = {name: getattr(item, name) for name in ("version", "reason", "original", "appeal", "merged_into", "labels", "similar")}
    return msgspec.structs.replace(seen, **more)


def own(questions: Questions, item: Question) -> View:
    """A question as its author sees it: no labels, and the fate of the one it was merged into."""
    root = questions.root(item)
    return _document(
        wire.OwnQuestion(
            id=item.id,
            text=item.text,
            lang=item.lang,
            asked_at=item.asked_at,
            state=root.state,
            answer_state=root.answer_state,
            anonymous=item.author_name is None,
            reason=root.reason,
            answer=root.answer,
            original=item.original,
            appeal=item.appeal,
            merged_into=None if root is item else root.id,
        )
    )


def desk(questions: Questions, log: Log, *, staff: bool) -> View:
    """What is true of all questions together; None for what is not."""
    view: View = {
        "stage": questions.stage,
        "slow": questions.slow or None,
        "next": following(questions),
        "moderation": {"acts": dict(log.acts), "reasons": dict(log.reasons)},
    }
    return view | ({"log": {str(entry.number): act(entry) for entry in list(log.entries.values())[-ACTS_LIMIT:]}} if staff else {})


def following(questions: Questions) -> list[str]:
    """The questions that a fair order would hear next."""
    return [question.id for question in islice(ordering.fair(questions), NEXT_LIMIT)]


def act(entry: Entry) -> View:
    """An entry of the log, without the facts it holds."""
    told = wire.Act(at=entry.at, act=entry.act, question=entry.question, reason=entry.reason, undoes=entry.undoes)
    who = entry.actor
    return _document(told if who is None else msgspec.structs.replace(told, person=who.person, name=who.name, role=who.role))


def poll(item: Poll, *, staff: bool) -> View | None:
    """A poll as staff or everyone sees it. Everyone sees the tally of a published poll, or while it runs if the poll says so."""
    if item.state == "draft" and not staff:
        return None
    shown = staff or item.state == "published" or item.results == "always"
    return _document(
        wire.Poll(
            id=item.id,
            kind=item.kind,
            state=item.state,
            texts=item.texts,
            options=[wire.Option(option.id, option.texts) for option in item.options],
            max_choices=item.max_choices,
            results_visibility=item.results,
            order=item.order,
            voters=len(item.ballots),
            tally=wire.Tally(item.version, {option.id: item.counts[option.id] for option in item.options}) if shown else None,
        )
    )


def _document(struct: msgspec.Struct) -> View:
    document: View = msgspec.to_builtins(struct)
    return {key: value for key, value in document.items() if value is not None}
