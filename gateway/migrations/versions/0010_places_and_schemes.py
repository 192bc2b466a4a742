"""Roles at banks, allotments, manual banks, works; schemes with their terms."""

revision = "0010"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
