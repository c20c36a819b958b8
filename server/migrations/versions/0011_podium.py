"""Formats with their policies, the floor, and summits; a session's kind is its format."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_EVENT = sa.table("event", sa.column("id", sa.String()), sa.column("programme", sa.JSON()))


def upgrade() -> None:
    for name in ("invite", "person"):
        op.add_column(name, sa.Column("seat", sa.String(), nullable=True))
    op.create_table("policy", _session(), sa.Column("policy", sa.JSON(), nullable=False))
    op.create_table("summit", _session(), sa.Column("summit", sa.JSON(), nullable=False))
    op.create_table(
        "hand",
        *_of_a_session(),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("lang", sa.String(), nullable=False),
        sa.Column("raised_at", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("stage_at", sa.BigInteger(), nullable=True),
    )
    op.create_table("motion", *_of_a_session(), sa.Column("motion", sa.JSON(), nullable=False))
    op.create_table(
        "record",
        _session(),
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("seat", sa.String(), nullable=True),
        sa.Column("motion", sa.String(), nullable=True),
    )
    for name in ("hand", "motion"):
        op.create_index(f"ix_{name}_session", name, ["session"])
    _rewrite(lambda session: {"format" if key == "kind" else key: value for key, value in session.items()})


def downgrade() -> None:
    new = ("rules", "seats")
    _rewrite(lambda session: {"kind" if key == "format" else key: value for key, value in session.items() if key not in new})
    for name in ("record", "motion", "hand", "summit", "policy"):
        op.drop_table(name)
    for name in ("person", "invite"):
        op.drop_column(name, "seat")


def _rewrite(change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    db = op.get_bind()
    for id, programme in db.execute(sa.select(_EVENT)).all():
        changed = programme | {"sessions": [change(session) for session in programme["sessions"]]}
        db.execute(sa.update(_EVENT).where(_EVENT.c.id == id).values(programme=changed))


def _session() -> sa.Column[str]:
    return sa.Column("session", sa.String(), primary_key=True)


def _of_a_session() -> tuple[sa.Column[str], sa.Column[str]]:
    return sa.Column("id", sa.String(), primary_key=True), sa.Column("session", sa.String(), nullable=False)
