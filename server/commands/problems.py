"""`problem.*` and `solution.*`: questions become bulletins, people propose solutions and vote. What staff does is logged."""

import secrets
import time
from collections.abc import Callable
from functools import partial

from server import wire
from server.commands.context import Context
from server.commands.deed import logged
from server.community import views
from server.errors import Conflict
from server.live import Change, Outcome
from server.wire import UpdateType
from sessions.community import problem_write, solution_write, version_write, version_writes
from sessions.errors import FeatureOff
from sessions.problems import Problem, Solution
from sessions.store import Write


def promote(context: Context, command: wire.ProblemPromote) -> Outcome:
    live, caller = context.live, context.caller
    question = live.questions.find(command.question)
    if question.state == "withdrawn":
        raise Conflict(f"question {question.id} was withdrawn")
    text, lang = (question.text, question.lang) if command.text is None else (command.text, command.lang or caller.lang)
    problem = live.community.problems.promote(secrets.token_urlsafe(9), caller.person, question.id, text, lang, _now(), question.said)
    outcome = _curated(context, problem, "problem.promoted", "problem.promote", version=True)
    outcome.result = {"problem": problem.id}
    return outcome


def revise(context: Context, command: wire.ProblemRevise) -> Outcome:
    problem = context.live.community.problems.find(command.problem)
    at = len(problem.versions)
    if command.expected_version not in (None, at):
        raise Conflict(f"problem {problem.id} is at version {at}", current=views.bulletin(problem, staff=True))
    said = context.live.questions.find(problem.question).said
    context.live.community.problems.revise(problem.id, command.text, command.lang, _now(), said)
    if len(problem.versions) == at:
        return Outcome()
    return _curated(context, problem, "problem.revised", "problem.revise", version=True)


def publish(context: Context, command: wire.ProblemPublish) -> Outcome:
    return _moved(context, command.problem, "problem.published", "problem.publish", context.live.community.problems.publish)


def withdraw(context: Context, command: wire.ProblemWithdraw) -> Outcome:
    return _moved(context, command.problem, "problem.withdrawn", "problem.withdraw", context.live.community.problems.withdraw)


def take_back(context: Context, question: str) -> Outcome:
    """What the withdrawal of a question does to the problem it was made. Its rows, and what tells it."""
    live = context.live
    problem = live.community.problems.take_back(question)
    if problem is None:
        return Outcome()
    writes = [problem_write(live.session.id, problem), *version_writes(live.session.id, problem)]
    return Outcome(writes, after=live.community.board_told("problem.released", [problem.id]))


def propose(context: Context, command: wire.SolutionPropose) -> Outcome:
    live, caller = context.live, context.caller
    if command.anonymous and not live.podium.policy.anonymous:
        raise FeatureOff("anonymous solutions are off in this session")
    name = None if command.anonymous else caller.name
    made = (secrets.token_urlsafe(9), caller.person, command.problem, command.text, command.lang, _now(), name)
    outcome = _authored(context, live.community.problems.propose(*made), "solution.proposed", version=True)
    outcome.result = {"solution": made[0]}
    return outcome


def amend(context: Context, command: wire.SolutionAmend) -> Outcome:
    solution = context.live.community.problems.amend(command.solution, context.caller.person, command.text, command.lang, _now())
    return _authored(context, solution, "solution.amended", version=True)


def retract(context: Context, command: wire.SolutionRetract) -> Outcome:
    solution = context.live.community.problems.retract(command.solution, context.caller.person)
    outcome = _authored(context, solution, "solution.retracted", version=False)
    outcome.writes.append(Write("version.forget", {"of": solution.id}))
    outcome.writes.append(version_write(context.live.session.id, solution))
    outcome.mine = {solution.author: {"solutions": {solution.id: None}}}
    return outcome


def support(context: Context, command: wire.SolutionSupport) -> Outcome:
    live, person = context.live, context.caller.person
    solution = live.community.problems.support(command.solution, person, command.on)
    write = Write("solution.support" if command.on else "solution.unsupport", {"solution": solution.id, "person": person})
    mine = {person: {"supported": {solution.id: True if command.on else None}}}
    return Outcome([write], mine=mine, after=partial(live.community.supported, solution.id))


def hide(context: Context, command: wire.SolutionHide) -> Outcome:
    solution = context.live.community.problems.hide(command.solution, command.reason)
    return _moderated(context, solution, "solution.hidden", "solution.hide", command.reason)


def show(context: Context, command: wire.SolutionShow) -> Outcome:
    return _moderated(context, context.live.community.problems.show(command.solution), "solution.shown", "solution.show", None)


def _moved(context: Context, id: str, type: UpdateType, act: str, rule: Callable[[str], Problem]) -> Outcome:
    before = context.live.community.problems.find(id).state
    problem = rule(id)
    return Outcome() if problem.state == before else _curated(context, problem, type, act, version=True)


def _curated(context: Context, problem: Problem, type: UpdateType, act: str, *, version: bool = False) -> Outcome:
    live = context.live
    writes = [problem_write(live.session.id, problem), logged(context, act, question=problem.question)]
    if version:
        writes.append(version_write(live.session.id, problem))
    solutions = [solution.id for solution in live.community.problems.of(problem.id)]
    told = live.community.board_told(type, [problem.id], solutions)

    def after() -> None:
        told()
        if version:
            context.translator.add_problem(live, problem.id)

    return Outcome(writes, Change(type, desk=True), after=after)


def _authored(context: Context, solution: Solution, type: UpdateType, *, version: bool) -> Outcome:
    live = context.live
    writes = [solution_write(live.session.id, solution)]
    if version:
        writes.append(version_write(live.session.id, solution))
    told = live.community.board_told(type, solutions=[solution.id])

    def after() -> None:
        told()
        if version:
            context.translator.add_solution(live, solution.id)

    return Outcome(writes, mine={solution.author: {"solutions": {solution.id: views.own_solution(solution)}}}, after=after)


def _moderated(context: Context, solution: Solution, type: UpdateType, act: str, reason: str | None) -> Outcome:
    outcome = _authored(context, solution, type, version=False)
    outcome.writes.append(logged(context, act, reason=reason))
    outcome.change = Change(type, desk=True)
    if reason is None:
        outcome.mine[solution.author]["solutions"][solution.id]["reason"] = None
    return outcome


def _now() -> int:
    return time.time_ns() // 1_000_000
