"""Rare events are told from uses by comparing: of a list SQLite makes a table for each row that it adds to an index."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_USES = (
    "badge_refused", "release_intended", "released", "release_failed", "release_unknown", "door_opened", "door_closed",
    "already_open",
)  # fmt: skip
_RARE = sa.text(" AND ".join(f"kind <> '{kind}'" for kind in _USES))
_OF_RARE_EVENTS = {
    "ix_event_rare": ["id"],
    "ix_event_rare_kind": ["kind", "id"],
    "ix_event_rare_bank_id_kind": ["bank_id", "kind", "id"],
}


def upgrade() -> None:
    """The same indexes, of the same rows."""
    for name, columns in _OF_RARE_EVENTS.items():
        op.drop_index(name, "event")
        op.create_index(name, "event", columns, sqlite_where=_RARE, postgresql_where=_RARE)
