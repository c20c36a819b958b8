"""Written answers in other languages."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("question") as batch:
        batch.add_column(sa.Column("answer_lang", sa.String(), nullable=True))
        batch.add_column(sa.Column("answer_translations", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    with op.batch_alter_table("question") as batch:
        batch.drop_column("answer_lang")
        batch.drop_column("answer_translations")
