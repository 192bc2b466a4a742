"""A planned contract waits for a locker that nobody has confirmed to be empty, clean and sound."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody who has a locker now waits for it: what is planned is looked at when its earlier holder leaves."""
    op.add_column("holding", sa.Column("waits_since", sa.BigInteger(), nullable=True))
