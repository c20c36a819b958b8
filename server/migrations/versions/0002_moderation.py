"""Questions on three axes, merged and corrected; the log of moderation; slow mode."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "moderation",
        sa.Column("session", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=True),
        sa.Column("actor_name", sa.String(), nullable=True),
        sa.Column("actor_role", sa.String(), nullable=True),
        sa.Column("question", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("undoes", sa.Integer(), nullable=True),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("session", "number"),
    )
    with op.batch_alter_table("question") as batch:
        batch.add_column(sa.Column("region", sa.String(), nullable=True))
        batch.add_column(sa.Column("edited_at", sa.BigInteger(), nullable=True))
        batch.add_column(sa.Column("original", sa.String(), nullable=True))
        batch.add_column(sa.Column("appeal", sa.String(), nullable=True))
        batch.add_column(sa.Column("answer_state", sa.String(), nullable=False, server_default="unanswered"))
        batch.add_column(sa.Column("merged_into", sa.String(), nullable=True))
        batch.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
        batch.add_column(sa.Column("labels", sa.JSON(), nullable=False, server_default="[]"))
        batch.add_column(sa.Column("similar", sa.JSON(), nullable=False, server_default="[]"))
        batch.add_column(sa.Column("corrections", sa.JSON(), nullable=False, server_default="{}"))
    op.execute(sa.text("UPDATE question SET answer_state = 'answered' WHERE answered"))
    with op.batch_alter_table("question") as batch:
        batch.drop_column("answered")
    with op.batch_alter_table("stage") as batch:
        batch.add_column(sa.Column("slow", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    with op.batch_alter_table("stage") as batch:
        batch.drop_column("slow")
    with op.batch_alter_table("question") as batch:
        batch.add_column(sa.Column("answered", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute(sa.text("UPDATE question SET answered = (answer_state = 'answered')"))
    with op.batch_alter_table("question") as batch:
        for name in (
            "region",
            "edited_at",
            "original",
            "appeal",
            "answer_state",
            "merged_into",
            "version",
            "labels",
            "similar",
            "corrections",
        ):
            batch.drop_column(name)
    op.drop_table("moderation")
