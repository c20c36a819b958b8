"""Questions and polls for the tests."""

from typing import Any

from sessions import polls
from sessions.kinds.form import Form, Option, Rules
from sessions.polls import Poll
from sessions.questions import Question


def question(id: str = "q1", author: str = "ana", **others: Any) -> Question:
    fields: dict[str, Any] = {
        "author_name": "Ana",
        "text": "Who owns the archive?",
        "lang": "en",
        "asked_at": 1_000,
        "translations": {},
        "votes": set(),
    }
    return Question(id=id, author=author, **(fields | others))


def form(kind: str = "single", options: str = "abc", **others: Any) -> Form:
    """A form of any kind; `rules` are given as a dict."""
    rules = Rules(**others.pop("rules", {}))
    made = [Option(option, {"en": option.upper()}, "/still.jpg" if kind == "image" else None) for option in options]
    return Form(kind=kind, texts={"en": "Where next?"}, options=made, rules=rules, **others)  # type: ignore[arg-type]


def poll(id: str = "p1", state: str = "open", ballots: dict[str, Any] | None = None, **others: Any) -> Poll:
    """A poll of that form, open since 1970."""
    return polls.poll(id, form(**others), 1, ballots, state=state, opened_at=None if state == "draft" else 0)
