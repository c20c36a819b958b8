"""What a command said, beside its key."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TABLES = ("reply", "ballot")


def upgrade() -> None:
    for name in _TABLES:
        op.add_column(name, sa.Column("said", sa.String(), nullable=True))


def downgrade() -> None:
    for name in _TABLES:
        op.drop_column(name, "said")
