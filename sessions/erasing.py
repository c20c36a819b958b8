"""A person erased (GDPR, article 17): what each statement does to their rows, so that nothing they wrote or were called is left.

What they wrote goes, what they chose stays counted: a vote, a ballot, an acknowledgement is given to somebody who never was, each to
another, so that no two can be put together. What cannot be counted without its words (an answer or a word in a poll) goes with them.
An envelope of a secret ballot that is open stays shut: whose it is stands inside, as an id that nothing else names any more.
"""

from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Executable, String, and_, bindparam, cast, delete, func, or_, select, update
from sqlmodel import SQLModel

from sessions import tables
from sessions.dialect import Dialect, Make

WORDED = ("text", "words")
"""Kinds of polls whose ballots are people's own words."""


def mark(person: str) -> str:
    """What is kept of who was erased, so that their token is no longer good: a person's id is random, and cannot be found from it."""
    return sha256(f"erased {person}".encode()).hexdigest()


def _table(row: type[SQLModel]) -> Any:
    return row.__table__  # type: ignore[attr-defined]


_PERSON: ColumnElement[str] = bindparam("person", type_=String)
_QUESTION, _POLL, _PROBLEM, _VERSION = (_table(row) for row in (tables.QuestionRow, tables.PollRow, tables.ProblemRow, tables.VersionRow))
_SOLUTION, _STAGE, _MODERATION, _MESSAGE = (
    _table(row) for row in (tables.SolutionRow, tables.StageRow, tables.ModerationRow, tables.ChatMessageRow)
)
_ASKED = select(_QUESTION.c.id).where(_QUESTION.c.author == _PERSON)
_PROPOSED = select(_SOLUTION.c.id).where(_SOLUTION.c.author == _PERSON)


def _nobody(dialect: Dialect) -> ColumnElement[str]:
    """A new id for each row, which is nobody's."""
    if dialect is Dialect.SQLITE:
        return func.lower(func.hex(func.randomblob(12)))
    return func.replace(cast(func.gen_random_uuid(), String), "-", "")


def _given(row: type[SQLModel], column: str = "person", **others: Any) -> Make:
    """Rows of theirs are somebody's who never was; `others` are what else they hold from then on."""
    table = _table(row)
    return lambda dialect: update(table).where(table.c[column] == _PERSON).values({column: _nobody(dialect)} | others)


def _gone(row: type[SQLModel]) -> Make:
    table = _table(row)
    return lambda _: delete(table).where(table.c.person == _PERSON)


def _copied(dialect: Dialect) -> Executable:
    """Versions of bulletins that say what their question said, or quote what it said once."""
    said = or_(_VERSION.c.quotes, _VERSION.c.text == _QUESTION.c.text, _VERSION.c.text == _QUESTION.c.original)
    of = and_(_PROBLEM.c.id == _VERSION.c.of, _QUESTION.c.id == _PROBLEM.c.question, _QUESTION.c.author == _PERSON, said)
    return update(_VERSION).where(select(_PROBLEM.c.id).where(of).correlate(_VERSION).exists()).values(text="", translations={})


def _ballots(dialect: Dialect) -> Executable:
    """Their own words in polls."""
    table = _table(tables.BallotRow)
    worded = select(_POLL.c.id).where(_POLL.c.form["kind"].as_string().in_(WORDED))
    return delete(table).where(table.c.person == _PERSON, table.c.poll.in_(worded))


def _counted(dialect: Dialect) -> Executable:
    """Their other ballots, whose keys and fingerprints would tell them again."""
    table = _table(tables.BallotRow)
    anonymous = {"person": _nobody(dialect), "key": _nobody(dialect), "name": None, "said": None}
    return update(table).where(table.c.person == _PERSON).values(anonymous)


def _questions(dialect: Dialect) -> Executable:
    empty = {"author": _nobody(dialect), "author_name": None, "region": None, "text": "", "original": None, "appeal": None}
    # What staff said to it and of it, which may name or quote them, says nothing without it.
    gone = {
        "state": "withdrawn",
        "merged_into": None,
        "translations": {},
        "corrections": {},
        "similar": [],
        "answer": None,
        "answer_translations": {},
        "labels": [],
        "version": _QUESTION.c.version + 1,
    }
    return update(_QUESTION).where(_QUESTION.c.author == _PERSON).values(empty | gone)


STATEMENTS: dict[str, Make] = {
    "erase.copied": _copied,
    "erase.problem": lambda _: update(_PROBLEM).where(_PROBLEM.c.question.in_(_ASKED)).values(state="withdrawn", taken_back=True),
    "erase.stage": lambda _: update(_STAGE).where(_STAGE.c.question.in_(_ASKED)).values(question=None),
    "erase.log": lambda _: update(_MODERATION).where(_MODERATION.c.question.in_(_ASKED)).values(before={}, after={}),
    "erase.merged": lambda _: update(_QUESTION).where(_QUESTION.c.merged_into.in_(_ASKED)).values(merged_into=None),
    "erase.questions": _questions,
    "erase.votes": _given(tables.QuestionVoteRow),
    "erase.ballots": _ballots,
    "erase.counted": _counted,
    "erase.voter": _given(tables.VoterRow),
    "erase.replies": _gone(tables.ReplyRow),
    "erase.messages": _given(tables.ChatMessageRow, "author", author_name=None, text="", translations={}, state="retracted"),
    "erase.muted": _gone(tables.ChatMutedRow),
    "erase.versions": lambda _: update(_VERSION).where(_VERSION.c.of.in_(_PROPOSED)).values(text="", translations={}),
    "erase.solutions": _given(tables.SolutionRow, "author", author_name=None, state="retracted"),
    "erase.support": _given(tables.SupportRow),
    "erase.acknowledged": _given(tables.AcknowledgementRow),
    "erase.announced": _given(tables.AnnouncementRow, "author"),
    "erase.promoted": _given(tables.ProblemRow, "author"),
    "erase.actor": _given(tables.ModerationRow, "actor", actor_name=None),
    "erase.planner": _given(tables.ProgrammeActRow, "actor", actor_name=None),
    "erase.hand": _gone(tables.HandRow),
    "erase.person": lambda _: delete(_table(tables.PersonRow)).where(_table(tables.PersonRow).c.id == _PERSON),
}
"""In the order in which they must run: what is found through a question goes before it."""
