"""`caption.*`: lines of a human captioner, corrections, and who writes a language."""

from server import wire
from server.commands.context import Context
from server.live import Outcome
from sessions.people import NAME_LIMIT
from sessions.store import Write
from sessions.text import clean, language

LINE_LIMIT = 500
"""Graphemes of one caption line; a longer one is refused."""


def commit(context: Context, command: wire.CaptionCommit) -> Outcome:
    text, speaker = _said(command)
    # A final is queued for the store before this command's reply, so the ack says that it is durable.
    context.captioning.commit(context.live.session.id, language(command.lang), text, command.final, speaker)
    return Outcome()


def correct(context: Context, command: wire.CaptionCorrect) -> Outcome:
    text, speaker = _said(command)
    session, lang = context.live.session.id, language(command.lang)
    revision = context.captioning.correct(session, lang, command.number, command.revision, text, speaker)
    return Outcome(result={"revision": revision})


def switch(context: Context, command: wire.CaptionSource) -> Outcome:
    session, lang = context.live.session.id, language(command.lang)
    context.captioning.choose(session, lang, command.source)
    return Outcome([Write("caption.source", {"session": session, "lang": lang, "choice": command.source})])


def _said(command: wire.CaptionCommit | wire.CaptionCorrect) -> tuple[str, str | None]:
    speaker = None if command.speaker is None else clean(command.speaker, NAME_LIMIT, "the speaker")
    return clean(command.text, LINE_LIMIT, "the caption"), speaker
