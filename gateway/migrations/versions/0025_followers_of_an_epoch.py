"""What follows an epoch is asked with each batch: a bank that starts over and over has thousands of epochs."""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """An index by what an epoch names as the one before it."""
    op.create_index("ix_epoch_bank_id_previous_epoch", "epoch", ["bank_id", "previous_epoch"])
