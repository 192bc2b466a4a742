"""Which entry was the last to say how a locker stands: by the monotonic clock of the run that wrote it, too."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What is known already counts as older than what comes next of the same run."""
    op.add_column("observation", sa.Column("as_of_mono_ms", sa.BigInteger(), nullable=False, server_default="0"))
