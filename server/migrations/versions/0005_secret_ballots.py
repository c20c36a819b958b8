"""Secret ballots: envelopes, and what a close makes of them."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sealed", *_of_a_round(), sa.Column("slot", sa.String(), primary_key=True), sa.Column("envelope", sa.String(), nullable=False)
    )
    op.create_table("voter", *_of_a_round(), sa.Column("person", sa.String(), primary_key=True))
    op.create_table(
        "secret_ballot", *_of_a_round(), sa.Column("receipt", sa.String(), primary_key=True), sa.Column("ballot", sa.JSON(), nullable=False)
    )
    op.create_table(
        "count",
        *_of_a_round(),
        sa.Column("entitled", sa.Integer(), nullable=False),
        sa.Column("ballots", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
    )


def downgrade() -> None:
    for name in ("count", "secret_ballot", "voter", "sealed"):
        op.drop_table(name)


def _of_a_round() -> tuple[sa.Column[str], sa.Column[int]]:
    return sa.Column("poll", sa.String(), primary_key=True), sa.Column("round", sa.Integer(), primary_key=True)
