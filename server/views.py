"""What a reader may know: the one place where a field is shown or withheld. A view is a JSON document without nulls."""

from typing import Any

import msgspec

from server import wire
from sessions.polls import Poll
from sessions.questions import Question, Questions

View = dict[str, Any]


def question(item: Question, *, staff: bool) -> View | None:
    """A question as staff or everyone sees it; None for who may not know that it exists."""
    if item.state != "published" and not staff:
        return None
    return _document(
        wire.Question(
            id=item.id,
            text=item.text,
            lang=item.lang,
            asked_at=item.asked_at,
            state=item.state,
            answer_state="answered" if item.answered else "unanswered",
            votes=len(item.votes),
            translations=dict(item.translations),
            author=item.author_name,
            reason=item.reason,
            answer=item.answer,
        )
    )


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


def stage(questions: Questions) -> View:
    return {"stage": questions.stage}


def _document(struct: msgspec.Struct) -> View:
    document: View = msgspec.to_builtins(struct)
    return {key: value for key, value in document.items() if value is not None}
