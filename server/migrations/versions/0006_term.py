"""A session's glossary."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "term",
        sa.Column("session", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("term", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("session", "id"),
    )


def downgrade() -> None:
    op.drop_table("term")
