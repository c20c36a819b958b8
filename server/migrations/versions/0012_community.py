"""Announcements, the chat, and the problem board."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_TABLES = ("announcement", "acknowledgement", "chat", "chat_message", "chat_muted", "problem", "solution", "version", "support")


def upgrade() -> None:
    op.create_table(
        "announcement",
        _key("id"),
        _text("session", index=True),
        _text("author"),
        _text("severity"),
        _text("lang"),
        _json("texts"),
        _time("made_at"),
        _time("publish_at"),
        _time("expires_at", nullable=True),
        _time("withdrawn_at", nullable=True),
        _json("translations"),
    )
    op.create_table("acknowledgement", _key("announcement"), _key("person"))
    op.create_table("chat", _key("session"), sa.Column("slow", sa.Integer(), nullable=False))
    op.create_table(
        "chat_message",
        _key("id"),
        _text("session", index=True),
        sa.Column("number", sa.Integer(), nullable=False),
        _text("author"),
        _text("author_name", nullable=True),
        _text("role"),
        _text("text"),
        _text("lang"),
        _time("at"),
        _text("state"),
        _text("reason", nullable=True),
        _json("translations"),
    )
    op.create_table("chat_muted", _key("session"), _key("person"))
    op.create_table("problem", _key("id"), _text("session", index=True), _text("author"), _text("question"), _text("state"))
    op.create_table(
        "solution",
        _key("id"),
        _text("session", index=True),
        _text("problem"),
        _text("author"),
        _text("author_name", nullable=True),
        _text("state"),
        _text("reason", nullable=True),
    )
    op.create_table(
        "version",
        _key("of"),
        sa.Column("number", sa.Integer(), primary_key=True),
        _text("session", index=True),
        _text("text"),
        _text("lang"),
        _time("at"),
        _json("translations"),
    )
    op.create_table("support", _key("solution"), _key("person"))


def downgrade() -> None:
    for name in reversed(_TABLES):
        op.drop_table(name)


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), primary_key=True)


def _text(name: str, *, nullable: bool = False, index: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=nullable, index=index)


def _time(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _json(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.JSON(), nullable=False)
