"""Send faxes: the outbox, its documents and their links, and the keys of repeated requests."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
CODE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
DUE = sa.text("due_at IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "sends",
        sa.Column("fax_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("own_id", CODE, nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", TIME, nullable=True),
        sa.Column("claim", sa.Uuid(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("submitted_at", TIME, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("fax_id", name="pk_sends"),
    )
    op.create_index("ix_sends_submission_id", "sends", ["submission_id"], unique=False)
    op.create_index(
        "ix_sends_account_id_due_at",
        "sends",
        ["account_id", "due_at"],
        unique=False,
        postgresql_where=DUE,
        sqlite_where=DUE,
    )
    op.create_table(
        "send_paces",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("next_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_send_paces"),
    )
    op.create_table(
        "documents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_documents"),
    )
    op.create_index("ix_documents_submission_id", "documents", ["submission_id"], unique=False)
    op.create_table(
        "document_links",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("fetches", sa.Integer(), nullable=False),
        sa.Column("last_fetched_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["documents.id"],
            name="fk_document_links_document_id_documents",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("token_hash", name="pk_document_links"),
    )
    op.create_index(
        "ix_document_links_document_id", "document_links", ["document_id"], unique=False
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("holder", CODE, nullable=False),
        sa.Column("key", CODE, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("claim", sa.Uuid(), nullable=False),
        sa.Column("claimed_until", TIME, nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("holder", "key", name="pk_idempotency_keys"),
    )
    op.create_index(
        "ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"], unique=False
    )


def downgrade() -> None:
    for table in ("idempotency_keys", "document_links", "documents", "send_paces", "sends"):
        op.drop_table(table)
