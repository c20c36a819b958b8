"""Who shall write a language's captions."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "caption_source",
        sa.Column("session", sa.String(), nullable=False),
        sa.Column("lang", sa.String(), nullable=False),
        sa.Column("choice", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("session", "lang"),
    )


def downgrade() -> None:
    op.drop_table("caption_source")
