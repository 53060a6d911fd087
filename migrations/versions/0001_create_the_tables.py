"""Create the tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
# Compared byte by byte, so that a prefix is a range.
CODE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("secrets", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("disabled_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("label", name="uq_accounts_label"),
    )
    op.create_table(
        "callbacks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", TIME, nullable=False),
        sa.Column("last_seen_at", TIME, nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("release", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_callbacks"),
        sa.UniqueConstraint("account_id", "digest", name="uq_callbacks_account_id_digest"),
    )
    op.create_index("ix_callbacks_received_at_id", "callbacks", ["received_at", "id"], unique=False)
    op.create_index(
        "ix_callbacks_unrecognized",
        "callbacks",
        ["received_at", "id"],
        unique=False,
        postgresql_where=sa.text("verdict = 'unrecognized'"),
        sqlite_where=sa.text("verdict = 'unrecognized'"),
    )

    op.create_table(
        "faxes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("provider_fax_id", CODE, nullable=False),
        sa.Column("direction", sa.Text(), nullable=True),
        sa.Column("sender", CODE, nullable=True),
        sa.Column("sender_raw", sa.Text(), nullable=True),
        sa.Column("recipient", CODE, nullable=True),
        sa.Column("recipient_raw", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("provider_status", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("flags", sa.Text(), nullable=False),
        sa.Column("pages", sa.BigInteger(), nullable=True),
        sa.Column("duration", sa.BigInteger(), nullable=True),
        sa.Column("cost_amount", sa.Text(), nullable=True),
        sa.Column("cost_unit", sa.Text(), nullable=True),
        sa.Column("media_url", sa.Text(), nullable=True),
        sa.Column("remote_station_id", sa.Text(), nullable=True),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("finished_at", TIME, nullable=True),
        sa.Column("seconds_to_final", sa.Double(), nullable=True),
        sa.Column("next_poll_at", TIME, nullable=True),
        sa.Column("merged_into", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_faxes"),
    )
    op.create_index(
        "ix_faxes_account_id_created_at_id",
        "faxes",
        ["account_id", "created_at", "id"],
        unique=False,
        postgresql_where=sa.text("merged_into IS NULL"),
        sqlite_where=sa.text("merged_into IS NULL"),
    )
    op.create_index(
        "ix_faxes_created_at_id",
        "faxes",
        ["created_at", "id"],
        unique=False,
        postgresql_where=sa.text("merged_into IS NULL"),
        sqlite_where=sa.text("merged_into IS NULL"),
    )
    op.create_index(
        "ix_faxes_next_poll_at",
        "faxes",
        ["next_poll_at"],
        unique=False,
        postgresql_where=sa.text("next_poll_at IS NOT NULL"),
        sqlite_where=sa.text("next_poll_at IS NOT NULL"),
    )
    op.create_index(
        "ix_faxes_open",
        "faxes",
        ["created_at", "id"],
        unique=False,
        postgresql_where=sa.text("outcome IN ('pending', 'unknown')"),
        sqlite_where=sa.text("outcome IN ('pending', 'unknown')"),
    )
    op.create_index(
        "ix_faxes_recipient_created_at_id",
        "faxes",
        ["recipient", "created_at", "id"],
        unique=False,
        postgresql_where=sa.text("merged_into IS NULL"),
        sqlite_where=sa.text("merged_into IS NULL"),
    )
    op.create_index(
        "ix_faxes_sender_created_at_id",
        "faxes",
        ["sender", "created_at", "id"],
        unique=False,
        postgresql_where=sa.text("merged_into IS NULL"),
        sqlite_where=sa.text("merged_into IS NULL"),
    )

    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=True),
        sa.Column("last_used_at", TIME, nullable=True),
        sa.Column("revoked_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_api_keys_account_id_accounts"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("key_hash", name="uq_api_keys_key_hash"),
    )
    op.create_table(
        "fax_events",
        sa.Column("fax_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("callback_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("status_after", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("provider_status", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("occurred_at", TIME, nullable=True),
        sa.Column("received_at", TIME, nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["fax_id"], ["faxes.id"], name="fk_fax_events_fax_id_faxes"),
        sa.PrimaryKeyConstraint("fax_id", "seq", name="pk_fax_events"),
        sa.UniqueConstraint("fax_id", "digest", name="uq_fax_events_fax_id_digest"),
    )
    op.create_table(
        "fax_references",
        sa.Column("reference", CODE, nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("fax_id", sa.Uuid(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["fax_id"],
            ["faxes.id"],
            name="fk_fax_references_fax_id_faxes",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint(
            "reference", "account_id", "fax_id", "shared", name="pk_fax_references"
        ),
    )
    op.create_index("ix_fax_references_fax_id", "fax_references", ["fax_id"], unique=False)
    op.create_index(
        "uq_fax_references_identifying",
        "fax_references",
        ["account_id", "reference"],
        unique=True,
        postgresql_where=sa.text("NOT shared"),
        sqlite_where=sa.text("NOT shared"),
    )

    op.create_table(
        "hook_tokens",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_hook_tokens_account_id_accounts"
        ),
        sa.PrimaryKeyConstraint("token_hash", name="pk_hook_tokens"),
    )
    op.create_index("ix_hook_tokens_account_id", "hook_tokens", ["account_id"], unique=False)

    op.create_index("uq_fax_events_change", "fax_events", ["change"], unique=True)
    op.create_index(
        "ix_faxes_updated_at_id",
        "faxes",
        ["updated_at", "id"],
        unique=False,
        postgresql_where=sa.text("merged_into IS NULL"),
        sqlite_where=sa.text("merged_into IS NULL"),
    )
    op.create_index(
        "ix_faxes_flagged",
        "faxes",
        ["created_at", "id"],
        unique=False,
        postgresql_where=sa.text("flags <> ''"),
        sqlite_where=sa.text("flags <> ''"),
    )
    op.create_index(
        "ix_faxes_failed",
        "faxes",
        ["created_at", "id"],
        unique=False,
        postgresql_where=sa.text("outcome IN ('failure', 'canceled')"),
        sqlite_where=sa.text("outcome IN ('failure', 'canceled')"),
    )
    feed = op.create_table(
        "feed",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_feed"),
    )
    op.bulk_insert(feed, [{"id": 1, "last": 0}])
    op.create_table(
        "fax_tags",
        sa.Column("fax_id", sa.Uuid(), nullable=False),
        sa.Column("name", CODE, nullable=False),
        sa.Column("value", CODE, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["fax_id"], ["faxes.id"], name="fk_fax_tags_fax_id_faxes"),
        sa.PrimaryKeyConstraint("fax_id", "name", name="pk_fax_tags"),
    )
    op.create_index(
        "ix_fax_tags_name_value",
        "fax_tags",
        ["name", "value", "created_at", "fax_id"],
        unique=False,
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_at", "audit", ["at", "id"], unique=False)
    _refuse_to_change_the_audit()


def _refuse_to_change_the_audit() -> None:
    """Rows are added and read, no more; a migration that rebuilds the table must repeat this."""
    postgresql = op.get_bind().dialect.name == "postgresql"
    if postgresql:
        op.execute(
            "CREATE FUNCTION refuse_to_change_the_audit() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the audit is only ever added to'; END $$"
        )
    for deed in ("UPDATE", "DELETE", *(["TRUNCATE"] if postgresql else [])):
        op.execute(
            f"CREATE TRIGGER audit_refuses_{deed.lower()} BEFORE {deed} ON audit "
            + (
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_audit()"
                if postgresql
                else "BEGIN SELECT RAISE(ABORT, 'the audit is only ever added to'); END"
            )
        )


def downgrade() -> None:
    for table in (
        "hook_tokens",
        "fax_references",
        "fax_events",
        "fax_tags",
        "feed",
        "audit",
        "api_keys",
        "faxes",
        "callbacks",
        "accounts",
    ):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_to_change_the_audit()")
