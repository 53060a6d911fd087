"""Count what is refused, and keep for a short time why, of accounts that are being set up."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "refusals",
        sa.Column("hour", TIME, nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "account_id", "cause", name="pk_refusals"),
    )
    op.create_table(
        "setups",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("watched_until", TIME, nullable=True),
        sa.Column("refused_at", TIME, nullable=True),
        sa.Column("facts", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("account_id", name="pk_setups"),
    )


def downgrade() -> None:
    op.drop_table("setups")
    op.drop_table("refusals")
