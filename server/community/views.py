"""What a reader may know of announcements, the chat and the problem board. A view is a JSON document without nulls."""

from server import wire
from server.patch import Doc
from server.views import View, document
from sessions.announcements import Announcement
from sessions.chat import Chat, Message
from sessions.people import RIGHTS, Role
from sessions.problems import Problem, Problems, Solution, Written


def announcement(item: Announcement, now: int, *, staff: bool) -> View | None:
    """None for who may not know that it exists."""
    state = item.state(now)
    if state != "published" and not staff:
        return None
    return document(
        wire.Announcement(
            id=item.id,
            severity=item.severity,
            lang=item.lang,
            texts=dict(item.texts),
            state=state,
            publish_at=item.publish_at,
            expires_at=item.expires_at,
            translations=dict(item.translations),
            acknowledged=len(item.acknowledged) if staff else None,
        )
    )


def message(chat: Chat, id: str, *, staff: bool) -> View | None:
    """None for one that is retracted, forgotten, or hidden from its reader."""
    item = chat.items.get(id)
    if item is None or item.state == "retracted" or (item.state == "hidden" and not staff):
        return None
    seen = wire.ChatMessage(
        id=item.id,
        text=item.text,
        lang=item.lang,
        at=item.at,
        number=item.number,
        translations=dict(item.translations),
        author=item.author_name,
        role=item.role if "staff.read" in RIGHTS[Role(item.role)] else None,
    )
    if staff:
        seen.state, seen.reason, seen.muted = item.state, item.reason, item.author in chat.muted
    return document(seen)


def own_message(item: Message) -> View:
    return document(wire.OwnMessage(state=item.state, reason=item.reason))


def bulletin(item: Problem, *, staff: bool) -> View | None:
    if item.state != "published" and not staff:
        return None
    question = None if item.taken_back else item.question
    return document(wire.Bulletin(id=item.id, question=question, state=item.state, **_text(item, staff=staff)))


def solution(problems: Problems, item: Solution, *, staff: bool) -> View | None:
    public = item.state == "open" and problems.find(item.problem).state == "published"
    if item.state == "retracted" or not (public or staff):
        return None
    return document(
        wire.Solution(
            id=item.id,
            problem=item.problem,
            votes=len(item.support),
            author=item.author_name,
            state=item.state,
            reason=item.reason if staff else None,
            **_text(item, staff=staff),
        )
    )


def own_solution(item: Solution) -> View:
    return document(wire.OwnSolution(state=item.state, reason=item.reason))


def _text(item: Written, *, staff: bool) -> Doc:
    """What it says and said before; only staff learns what was never public, and that it was."""
    now, told = item.version, [version for version in item.versions[:-1] if staff or version.public]
    former = [wire.Former(version.text, version.lang, version.at) for version in told if version.text]
    more = {"version": len(told) + 1, "translations": dict(now.translations), "former": former}
    return {"text": now.text, "lang": now.lang, "at": now.at} | more
