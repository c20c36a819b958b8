"""What a reader may know: the one place where a field is shown or withheld. A view is a JSON document without nulls."""

from itertools import islice
from typing import Any

import msgspec
from msgspec import structs

from realtime.presence import Counts
from server import wire
from sessions import breakdown, ordering, wording
from sessions.moderation import Entry, Log
from sessions.polls import HIDDEN, Poll
from sessions.questions import Question, Questions

NEXT_LIMIT = 50
"""Questions whose fair order is told; those after them wait until some were heard."""

ACTS_LIMIT = 50
"""Newest acts of moderators that staff sees in the state; the whole log is read over HTTP."""

AUTHORS_LIMIT = 10
"""Newest acts of authors beside them: many of those push no moderator's act out of sight."""

View = dict[str, Any]

OVER = ("closed", "published", "archived")
"""States of a poll in which a quiz' right answers may be known."""


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
        answer_lang=item.answer_lang,
        answer_translations=dict(item.answer_translations),
        edited_at=item.edited_at,
    )
    return document(_for_staff(seen, item, wording.flagged(questions, item)) if staff else seen)


def _for_staff(seen: wire.Question, item: Question, flagged: list[str]) -> wire.Question:
    more = {name: getattr(item, name) for name in ("version", "reason", "original", "appeal", "merged_into", "labels", "similar")}
    return msgspec.structs.replace(seen, flagged=flagged, **more)


def own(questions: Questions, item: Question) -> View:
    """A question as its author sees it: no labels, and the fate of the one it was merged into."""
    root = questions.root(item)
    return document(
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
    if not staff:
        return view
    view["log"] = {str(entry.number): act(entry) for entry in _newest(log)}
    view["watched"] = {lang: list(words) for lang, words in questions.watched.items()}
    return view


def _newest(log: Log) -> list[Entry]:
    entries = list(log.entries.values())
    theirs, authors = [entry for entry in entries if entry.actor is not None], [entry for entry in entries if entry.actor is None]
    return sorted([*theirs[-ACTS_LIMIT:], *authors[-AUTHORS_LIMIT:]], key=lambda entry: entry.number)


def following(questions: Questions) -> list[str]:
    """The questions that a fair order would hear next."""
    return [question.id for question in islice(ordering.fair(questions), NEXT_LIMIT)]


def act(entry: Entry) -> View:
    """An entry of the log, without the facts it holds."""
    told = wire.Act(at=entry.at, act=entry.act, question=entry.question, reason=entry.reason, undoes=entry.undoes)
    who = entry.actor
    return document(told if who is None else msgspec.structs.replace(told, person=who.person, name=who.name, role=who.role))


def poll(item: Poll | None, *, staff: bool) -> View | None:
    """A poll as staff or everyone sees it, with the tally if they may know it; None for one they may not see, or that is gone."""
    if item is None or (item.state in HIDDEN and not staff):
        return None
    form = item.form
    return document(
        wire.Poll(
            id=item.id,
            kind=form.kind,
            state=item.state,
            texts=form.texts,
            options=form.options,
            rules=form.rules if staff or item.state in OVER else structs.replace(form.rules, correct=[]),
            results_visibility=form.results_visibility,
            anonymity=form.anonymity,
            revote=form.revote,
            order=item.order,
            round=item.round,
            voters=item.turnout,
            count=item.count,
            pair=form.pair,
            opened_at=item.opened_at,
            translations=item.translations,
            tally=tally(item, staff=staff) if shown(item, staff=staff) else None,
        )
    )


def presence(counts: Counts, *, staff: bool) -> View:
    """How many are here; everyone but staff is told of regions only what gives away no small group."""
    return {"total": counts.total, "languages": dict(counts.languages), "regions": breakdown.sizes(counts.regions, exact=staff)}


def shown(item: Poll, *, staff: bool) -> bool:
    """Whether staff or everyone may know the tally. Of a secret poll nobody may before it is closed: a difference would be a vote."""
    if item.secret and item.count is None:
        return False
    if staff or item.state == "published":
        return True
    match item.form.results_visibility:
        case "always":
            return True
        case "after_vote" | "after_close":
            return item.state == "closed"
        case _:
            return False


def for_voters(item: Poll) -> bool:
    """Whether who has voted knows more than everyone."""
    return not item.secret and item.form.results_visibility == "after_vote" and item.state in ("open", "paused")


def tally(item: Poll, *, staff: bool) -> wire.Tally:
    """The result so far. Held words are there for staff alone."""
    result = item.tally.result()
    if not staff:
        for word in result.held:
            del result.counts[word], result.texts[word]
        result.held = {}
    leaders = item.leaders if item.state in OVER else []
    return wire.Tally(version=item.version, leaders=leaders, **structs.asdict(result))


def document(struct: msgspec.Struct) -> View:
    document: View = msgspec.to_builtins(struct)
    return {key: value for key, value in document.items() if value is not None}
