"""Words that moderators watch for."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "watched",
        sa.Column("session", sa.String(), nullable=False),
        sa.Column("lang", sa.String(), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("session", "lang"),
    )


def downgrade() -> None:
    op.drop_table("watched")
