"""What the database itself refuses: overlapping holdings of a locker, and changes to the audit trail."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_OVERLAPS = """
    SELECT RAISE(ABORT, 'holding overlaps another') WHERE EXISTS (
        SELECT 1 FROM holding
        WHERE locker_id = NEW.locker_id AND id <> NEW.id AND from_at < until_at
          AND from_at < NEW.until_at AND until_at > NEW.from_at
    );
"""


def upgrade() -> None:
    """Triggers on SQLite; an exclusion constraint and a trigger on PostgreSQL."""
    if op.get_bind().dialect.name == "sqlite":
        for when in ("INSERT", "UPDATE"):
            op.execute(
                f"CREATE TRIGGER holding_overlap_{when.lower()} BEFORE {when} ON holding "
                f"WHEN NEW.from_at < NEW.until_at BEGIN {_OVERLAPS} END"
            )
        for when in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_append_only_{when.lower()} BEFORE {when} ON audit_record "
                "BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"
            )
        return
    # An exclusion over text needs an extension; one over ranges of a 64-bit hash of it does not.
    op.execute(
        "ALTER TABLE holding ADD CONSTRAINT ex_holding_overlap EXCLUDE USING gist ("
        "int8range(hashtextextended(locker_id, 0), hashtextextended(locker_id, 0), '[]') WITH &&, "
        "int8range(from_at, until_at) WITH &&)"
    )
    op.execute(
        "CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit_record "
        "FOR EACH ROW EXECUTE FUNCTION audit_append_only()"
    )
