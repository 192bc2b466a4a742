"""A badge may ask for a PIN, of which the keyed hash is kept; a place may ask for one on every badge."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Badges and places from before ask for none."""
    op.add_column("badge", sa.Column("pin", sa.String(length=32), nullable=True))
    op.add_column("site", sa.Column("asks_pin", sa.Boolean(), server_default=sa.false(), nullable=False))
