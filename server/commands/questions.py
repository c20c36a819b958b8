"""`question.*` as the audience says it: what each command does to the session, its rows and its readers."""

import secrets
import time
from functools import partial

from server import views, wire
from server.commands import problems
from server.commands.context import Context
from server.commands.deed import Deed
from server.live import Change, Outcome, question_write
from sessions import asking, merging
from sessions.errors import FeatureOff
from sessions.store import Write


def ask(context: Context, command: wire.QuestionAsk) -> Outcome:
    live, caller = context.live, context.caller
    name = None if command.anonymous else caller.name
    if name is None and not live.podium.policy.anonymous:
        raise FeatureOff("anonymous questions are off in this session")
    id, now = secrets.token_urlsafe(9), time.time_ns() // 1_000_000
    question = asking.ask(live.questions, id, caller.person, command.text, command.lang, now, name=name, region=caller.region)
    merging.compare(live.questions, id)
    return Outcome(
        [question_write(live.session.id, question)],
        Change("question.asked", questions=(id,)),
        mine={caller.person: {"questions": {id: views.own(live.questions, question)}}},
        result={"question": id},
        after=partial(context.translator.add, live, id),
    )


def edit(context: Context, command: wire.QuestionEdit) -> Outcome:
    questions, person = context.live.questions, context.caller.person
    questions.own(command.question, person)
    deed = Deed(context, command.question)
    now = time.time_ns() // 1_000_000
    deed.run(lambda: asking.edit(questions, command.question, person, command.text, command.lang, now))
    merging.compare(questions, command.question)
    outcome = deed.outcome("question.edited", "question.edit")
    outcome.after = partial(context.translator.add, context.live, command.question)
    return outcome


def withdraw(context: Context, command: wire.QuestionWithdraw) -> Outcome:
    questions, person = context.live.questions, context.caller.person
    questions.own(command.question, person)
    deed = Deed(context, command.question)
    deed.run(lambda: asking.withdraw(questions, command.question, person))
    outcome, taken = deed.outcome("question.withdrawn", "question.withdraw"), problems.take_back(context, command.question)
    outcome.writes += taken.writes
    outcome.after = taken.after
    return outcome


def appeal(context: Context, command: wire.QuestionAppeal) -> Outcome:
    questions, person = context.live.questions, context.caller.person
    questions.own(command.question, person)
    deed = Deed(context, command.question)
    deed.run(lambda: asking.appeal(questions, command.question, person, command.text))
    return deed.outcome("question.appealed", "question.appeal")


def vote(context: Context, command: wire.QuestionVote) -> Outcome:
    live, person = context.live, context.caller.person
    question = asking.vote(live.questions, command.question, person, command.on)
    concerned = [question] if command.on else list(live.questions.family(question))
    writes = [Write("question.vote" if command.on else "question.unvote", {"question": one.id, "person": person}) for one in concerned]
    mine = {person: {"voted": {one.id: live.questions.wants(one, person) or None for one in concerned}}}
    return Outcome(writes, soon=Change("question.voted", questions=(question.id,)), mine=mine)
