"""Polls of every kind: what they ask is one document; rounds; a ballot carries its key."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

FORMER = {"kind": "single", "texts": "{}", "options": "[]", "max_choices": "1", "results": "published"}
"""Columns of a poll before, with what stands in them where nothing else does."""
TYPES = {"texts": sa.JSON, "options": sa.JSON, "max_choices": sa.Integer}
POLL = sa.table("poll", *(sa.column(name, TYPES.get(name, sa.String)) for name in ("id", *FORMER)), sa.column("form", sa.JSON))
VISIBILITY = {"always": "always", "published": "moderators"}


def upgrade() -> None:
    with op.batch_alter_table("poll") as batch:
        batch.add_column(sa.Column("round", sa.Integer(), nullable=False, server_default="1"))
        batch.add_column(sa.Column("opened_at", sa.BigInteger(), nullable=True))
        batch.add_column(sa.Column("paused_at", sa.BigInteger(), nullable=True))
        batch.add_column(sa.Column("form", sa.JSON(), nullable=False, server_default="{}"))
        batch.add_column(sa.Column("held", sa.JSON(), nullable=False, server_default="{}"))
    for row in op.get_bind().execute(sa.select(POLL)).mappings().all():
        form = {name: row[name] for name in ("kind", "texts", "options")} | {"results_visibility": VISIBILITY[row["results"]]}
        form["rules"] = {"max_choices": row["max_choices"]}
        op.execute(POLL.update().where(POLL.c.id == row["id"]).values(form=form))
    with op.batch_alter_table("poll") as batch:
        for name in FORMER:
            batch.drop_column(name)
    _ballots(
        sa.Column("round", sa.Integer(), primary_key=True),
        sa.Column("ballot", sa.JSON(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("key", sa.String(), nullable=False),
        copy="(poll, round, person, ballot, key) SELECT poll, 1, person, choices, '' FROM ballot",
    )


def downgrade() -> None:
    """Ballots of the last round that chose options are kept; the other kinds did not exist."""
    op.execute(sa.text("DELETE FROM ballot WHERE round <> (SELECT round FROM poll WHERE poll.id = ballot.poll)"))
    _ballots(sa.Column("choices", sa.JSON(), nullable=False), copy="(poll, person, choices) SELECT poll, person, ballot FROM ballot")
    with op.batch_alter_table("poll") as batch:
        for name, default in FORMER.items():
            batch.add_column(sa.Column(name, TYPES.get(name, sa.String)(), nullable=False, server_default=default))
    for row in op.get_bind().execute(sa.select(POLL.c.id, POLL.c.form)).mappings().all():
        former = {name: row["form"].get(name, []) for name in ("kind", "texts", "options")}
        former["max_choices"] = row["form"].get("rules", {}).get("max_choices", 1)
        former["results"] = "always" if row["form"].get("results_visibility") == "always" else "published"
        op.execute(POLL.update().where(POLL.c.id == row["id"]).values(**former))
    with op.batch_alter_table("poll") as batch:
        for name in ("round", "opened_at", "paused_at", "form", "held"):
            batch.drop_column(name)


def _ballots(*columns: sa.Column[object], copy: str) -> None:
    """The table anew: a primary key cannot be changed in place."""
    keys = (sa.Column("poll", sa.String(), primary_key=True), sa.Column("person", sa.String(), primary_key=True))
    op.create_table("ballot_anew", *keys, *columns)
    op.execute(sa.text(f"INSERT INTO ballot_anew {copy}"))
    op.drop_table("ballot")
    op.rename_table("ballot_anew", "ballot")
