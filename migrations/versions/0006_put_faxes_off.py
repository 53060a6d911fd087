"""Put faxes off: a fax that is to be sent later has its time from then on."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("faxes", sa.Column("expected_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("faxes") as faxes:
        faxes.drop_column("expected_at")
