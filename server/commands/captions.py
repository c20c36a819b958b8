"""`caption.*`: lines of a human captioner, corrections, who writes a language; `glossary.set`, `profanity.set`: its words."""

import msgspec

from server import wire
from server.commands.context import Context
from server.live import Outcome
from sessions.people import NAME_LIMIT
from sessions.store import Write
from sessions.text import clean, language
from translation.glossary import Term

TERM_LIMIT = 160
"""Graphemes of a term in one language, its forms together; a longer one is refused."""

LINE_LIMIT = 500
"""Graphemes of one caption line; a longer one is refused."""


def commit(context: Context, command: wire.CaptionCommit) -> Outcome:
    text, speaker = _said(command)
    # A final is queued for the store before this command's reply, so the ack says that it is durable.
    session, author = context.live.session.id, context.caller.person
    context.captioning.commit(session, language(command.lang), text, command.final, speaker, author=author)
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


def set_term(context: Context, command: wire.GlossarySet) -> Outcome:
    session, entry = context.live.session.id, command.entry
    key = {"session": session, "id": command.term}
    if entry is None:
        context.captioning.set_term(session, command.term, None)
        return Outcome([Write("glossary.remove", key)])
    texts = {language(lang): clean(text, TERM_LIMIT, "the term") for lang, text in entry.texts.items()}
    term = Term(texts=texts, protect=entry.protect)
    context.captioning.set_term(session, command.term, term)
    return Outcome([Write("glossary.set", key | {"term": msgspec.to_builtins(term)})])


def set_profanity(context: Context, command: wire.ProfanitySet) -> Outcome:
    session = context.live.session.id
    context.captioning.set_profanity(session, command.policy)
    return Outcome([Write("profanity", {"session": session, "policy": command.policy})])


def _said(command: wire.CaptionCommit | wire.CaptionCorrect) -> tuple[str, str | None]:
    speaker = None if command.speaker is None else clean(command.speaker, NAME_LIMIT, "the speaker")
    return clean(command.text, LINE_LIMIT, "the caption"), speaker
