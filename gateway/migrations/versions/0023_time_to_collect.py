"""A contract knows the days to collect that were granted, and what was said of its end before a death was recorded."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Where a time to collect runs or ran, the days are those it was given."""
    op.add_column("contract", sa.Column("collect_days", sa.Integer(), nullable=True))
    op.add_column("contract", sa.Column("how_before_death", sa.Text(), nullable=True))
    op.execute(
        "UPDATE contract SET collect_days = (collect_until - until_at) / 86400000 "
        "WHERE ended_at IS NOT NULL AND grace_stopped_at IS NULL"
    )
