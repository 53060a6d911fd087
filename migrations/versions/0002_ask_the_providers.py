"""Ask the providers."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "polls",
        sa.Column("fax_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", TIME, nullable=True),
        sa.Column("asked_at", TIME, nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("leased_until", TIME, nullable=True),
        sa.Column("leased_by", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("fax_id", name="pk_polls"),
    )
    op.create_index(
        "ix_polls_account_id_due_at",
        "polls",
        ["account_id", "due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_table(
        "askings",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("tokens", sa.Double(), nullable=False),
        sa.Column("filled_at", TIME, nullable=False),
        sa.Column("paused_until", TIME, nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("error_at", TIME, nullable=True),
        sa.Column("refused_at", TIME, nullable=True),
        sa.Column("swept_until", TIME, nullable=False),
        sa.Column("sweep_at", TIME, nullable=False),
        sa.Column("leased_until", TIME, nullable=True),
        sa.Column("leased_by", sa.Uuid(), nullable=True),
        sa.Column("renewing_until", TIME, nullable=True),
        sa.PrimaryKeyConstraint("account_id", name="pk_askings"),
    )
    op.create_table(
        "workers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.Column("stopped_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_workers"),
    )
    op.create_table(
        "feed_readers",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_feed_readers"),
    )


def downgrade() -> None:
    for table in ("feed_readers", "workers", "askings", "polls"):
        op.drop_table(table)
