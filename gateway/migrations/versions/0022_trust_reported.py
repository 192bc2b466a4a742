"""The trust version that a bank named at its birth, so that a reconciliation while it is away knows it."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of a bank that was born before, none: its next birth says it."""
    op.add_column("controller", sa.Column("trust_reported", sa.BigInteger(), nullable=False, server_default="0"))
