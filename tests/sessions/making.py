"""Questions and polls for the tests."""

from collections import Counter
from typing import Any

from sessions.polls import Option, Poll
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


def poll(id: str = "p1", options: str = "abc", **others: Any) -> Poll:
    fields: dict[str, Any] = {
        "kind": "single",
        "state": "open",
        "texts": {"en": "Where next?"},
        "options": [Option(option, {"en": option.upper()}) for option in options],
        "max_choices": 1,
        "results": "published",
        "order": 1,
        "ballots": {},
        "counts": Counter(),
    }
    return Poll(id=id, **(fields | others))
