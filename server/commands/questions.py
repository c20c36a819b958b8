"""`question.*`: what each command does to the session, its rows and its readers."""

import secrets
import time
from functools import partial

from server import views, wire
from server.commands.context import Context
from server.live import Change, LiveSession, Outcome, question_write
from server.wire import UpdateType
from sessions.questions import Question
from sessions.store import Write


def ask(context: Context, command: wire.QuestionAsk) -> Outcome:
    live, caller = context.live, context.caller
    name = None if command.anonymous else caller.name
    now = time.time_ns() // 1_000_000
    question = live.questions.ask(secrets.token_urlsafe(9), caller.person, name, command.text, command.lang, now)
    outcome = _changed(live, question, "question.asked")
    outcome.result = {"question": question.id}
    return outcome


def vote(context: Context, command: wire.QuestionVote) -> Outcome:
    live, person = context.live, context.caller.person
    question = live.questions.vote(command.question, person, command.on)
    write = Write("question.vote" if command.on else "question.unvote", {"question": question.id, "person": person})
    mine = {person: {"voted": {question.id: True if command.on else None}}}
    return Outcome([write], soon=Change("question.voted", questions=(question.id,)), mine=mine)


def publish(context: Context, command: wire.QuestionPublish) -> Outcome:
    outcome = _changed(context.live, context.live.questions.publish(command.question), "question.published")
    outcome.after = partial(context.translator.add, context.live, command.question)
    return outcome


def dismiss(context: Context, command: wire.QuestionDismiss) -> Outcome:
    live = context.live
    on_stage = live.questions.stage == command.question
    outcome = _changed(live, live.questions.dismiss(command.question, command.reason), "question.dismissed", stage=on_stage)
    if on_stage:
        outcome.writes.append(_stage(live))
    return outcome


def highlight(context: Context, command: wire.QuestionHighlight) -> Outcome:
    context.live.questions.highlight(command.question)
    return Outcome([_stage(context.live)], Change("question.highlighted", stage=True))


def answer(context: Context, command: wire.QuestionAnswer) -> Outcome:
    return _changed(context.live, context.live.questions.answer(command.question, command.text), "question.answered")


def _changed(live: LiveSession, question: Question, type: UpdateType, stage: bool = False) -> Outcome:
    # The author follows what becomes of a question that others cannot see; an old reason must not stay in their copy.
    view = {"reason": None, "answer": None} | (views.question(question, staff=True) or {})
    mine = {question.author: {"questions": {question.id: view}}}
    return Outcome([question_write(live.session.id, question)], Change(type, questions=(question.id,), stage=stage), mine=mine)


def _stage(live: LiveSession) -> Write:
    return Write("stage", {"session": live.session.id, "question": live.questions.stage})
