"""In which term each session is, where several processes share the database."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ownership",
        sa.Column("session", sa.String(), primary_key=True),
        sa.Column("term", sa.BigInteger(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("ownership")
