"""Which versions of the problem board's texts were public and quote a question, and whose hand is up.

Of the past it is known that the newest version of a bulletin is public, and all of a solution; the rest counts as never public.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_VERSION = sa.table("version", *map(sa.column, ("of", "number", "text", "public", "quotes")))
_PROBLEM = sa.table("problem", *map(sa.column, ("id", "question", "state", "taken_back")))
_QUESTION = sa.table("question", *map(sa.column, ("id", "text", "original", "state")))
_HAND, _PERSON = sa.table("hand", *map(sa.column, ("person", "role"))), sa.table("person", *map(sa.column, ("id", "role")))


def upgrade() -> None:
    for table, name in (("version", "public"), ("version", "quotes"), ("problem", "taken_back")):
        op.add_column(table, sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("hand", sa.Column("role", sa.String(), nullable=False, server_default="attendee"))
    _mark(op.get_bind())


def _mark(db: sa.Connection) -> None:
    withdrawn = sa.select(_QUESTION.c.id).where(_QUESTION.c.state == "withdrawn")
    db.execute(sa.update(_PROBLEM).where(_PROBLEM.c.question.in_(withdrawn)).values(taken_back=sa.true()))
    db.execute(sa.update(_VERSION).where(_VERSION.c.of.not_in(sa.select(_PROBLEM.c.id))).values(public=sa.true()))
    role = sa.select(_PERSON.c.role).where(_PERSON.c.id == _HAND.c.person).scalar_subquery()
    db.execute(sa.update(_HAND).where(_HAND.c.person.in_(sa.select(_PERSON.c.id))).values(role=role))
    for id, state, *said in db.execute(
        sa.select(_PROBLEM.c.id, _PROBLEM.c.state, _QUESTION.c.text, _QUESTION.c.original).join(
            _QUESTION, _QUESTION.c.id == _PROBLEM.c.question
        )
    ).all():
        _mark_versions(db, id, state == "published", [words for words in said if words])


def _mark_versions(db: sa.Connection, problem: str, published: bool, said: list[str]) -> None:
    versions = db.execute(sa.select(_VERSION.c.number, _VERSION.c.text).where(_VERSION.c.of == problem).order_by(_VERSION.c.number)).all()
    for number, text in versions:
        marks = {"public": published and number == versions[-1][0], "quotes": any(words in text for words in said)}
        db.execute(sa.update(_VERSION).where(_VERSION.c.of == problem, _VERSION.c.number == number).values(marks))


def downgrade() -> None:
    for table, name in (("version", "public"), ("version", "quotes"), ("problem", "taken_back"), ("hand", "role")):
        op.drop_column(table, name)
