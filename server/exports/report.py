"""How a session was moderated: what was done how often, why, by whom, how fast, and what was undone."""

from collections import Counter
from statistics import median
from typing import Any

from sqlalchemy import Connection

from server import views
from sessions import loading

DECIDED = ("question.publish", "question.dismiss")
"""Acts that end an asker's waiting."""


def report(db: Connection, session: str) -> dict[str, Any]:
    """`wait` is in seconds from a question's asking to the first decision; null while none was made."""
    log, questions = loading.log(db, session, None), loading.asked(db, session)
    entries = list(log.entries.values())
    moderators = Counter((entry.actor.name or "", entry.actor.role, entry.act) for entry in entries if entry.actor is not None)
    waits: dict[str, int] = {}
    for entry in entries:
        asked = questions.items.get(entry.question or "")
        if entry.act in DECIDED and asked is not None:
            waits.setdefault(asked.id, entry.at - asked.asked_at)
    return {
        "session": session,
        "acts": dict(log.acts),
        "reasons": dict(log.reasons),
        "undone": sum(entry.undoes is not None for entry in entries),
        "wait": round(median(waits.values()) / 1000, 1) if waits else None,
        "waiting": sum(one.state == "pending" for one in questions.items.values()),
        "moderators": [
            {"name": name or None, "role": role, "act": act, "times": times} for (name, role, act), times in sorted(moderators.items())
        ],
        "entries": [_entry(entry) for entry in entries],
    }


def _entry(entry: Any) -> dict[str, Any]:
    told = views.act(entry)
    told.pop("person", None)
    return {"number": entry.number} | told | {"before": entry.before, "after": entry.after}
