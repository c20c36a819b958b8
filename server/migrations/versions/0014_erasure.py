"""That somebody was erased."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "erasure",
        sa.Column("mark", sa.String(), primary_key=True),
        sa.Column("session", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("scrubbed", sa.Boolean(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("erasure")
