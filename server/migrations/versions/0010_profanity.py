"""What a session's captions do with vulgar words."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("profanity", sa.Column("session", sa.String(), primary_key=True), sa.Column("policy", sa.String(), nullable=False))


def downgrade() -> None:
    op.drop_table("profanity")
