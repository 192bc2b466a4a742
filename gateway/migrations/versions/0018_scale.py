"""What large databases need: a log of changed facts, which the tables write themselves, and indexes."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# Each table that figures are made of, with the column that says whose its rows are.
_SHEETS = {
    "contract": "id",
    "party": "contract_id",
    "end_reason": "contract_id",
    "holding": "contract_id",
    "locker": "id",
    "membership": "id",
    "loan": "membership_id",
    "project": "membership_id",
    "snapshot": "person_id",
    "support_act": "person_id",
    "contact": "person_id",
    "step": "person_id",
    "waiting_entry": "person_id",
    "imported_person": "person_id",
}

# Whose rows changed, and what PostgreSQL calls the rows before and after.
_ON_POSTGRESQL = {
    "insert": ("SELECT DISTINCT %1$I FROM fresh", "NEW TABLE AS fresh"),
    "update": ("SELECT %1$I FROM fresh UNION SELECT %1$I FROM stale", "NEW TABLE AS fresh OLD TABLE AS stale"),
    "delete": ("SELECT DISTINCT %1$I FROM stale", "OLD TABLE AS stale"),
}

# Nearly all events are uses of a door; what staff look for is among the others.
_USES = (
    "badge_refused", "release_intended", "released", "release_failed", "release_unknown", "door_opened", "door_closed",
    "already_open",
)  # fmt: skip
_RARE = sa.text(f"kind NOT IN ({', '.join(repr(kind) for kind in _USES)})")
_OF_RARE_EVENTS = {
    "ix_event_rare": ["id"],
    "ix_event_rare_kind": ["kind", "id"],
    "ix_event_rare_bank_id_kind": ["bank_id", "kind", "id"],
}


def upgrade() -> None:
    """The log with its triggers, then the indexes."""
    op.create_table(
        "fact_change",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sheet", sa.String(length=64), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fact_change")),
        sqlite_autoincrement=True,
    )
    if op.get_bind().dialect.name == "sqlite":
        _watch_on_sqlite()
    else:
        _watch_on_postgresql()
    for name, columns in _OF_RARE_EVENTS.items():
        op.create_index(name, "event", columns, sqlite_where=_RARE, postgresql_where=_RARE)
    op.create_index("ix_holding_locker_id_until_at", "holding", ["locker_id", "until_at"])
    op.create_index("ix_command_requested_at", "command", ["requested_at"])


def _watch_on_sqlite() -> None:
    for sheet, owner in _SHEETS.items():
        for when, rows in (("INSERT", ["NEW"]), ("UPDATE", ["OLD", "NEW"]), ("DELETE", ["OLD"])):
            noted = " UNION ".join(f"SELECT '{sheet}', {row}.{owner}" for row in rows)
            op.execute(
                f"CREATE TRIGGER {sheet}_fact_{when.lower()} AFTER {when} ON {sheet} "
                f"BEGIN INSERT INTO fact_change (sheet, owner) {noted}; END"
            )


def _watch_on_postgresql() -> None:
    # By statement, so that a change of many rows is noted once for each owner.
    for when, (found, tables) in _ON_POSTGRESQL.items():
        op.execute(
            f"CREATE FUNCTION fact_change_{when}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "  # noqa: S608
            "EXECUTE format('INSERT INTO fact_change (sheet, owner) SELECT %2$L, owner FROM "
            f"({found}) AS changed (owner)', TG_ARGV[0], TG_TABLE_NAME); RETURN NULL; END $$"
        )
        for sheet, owner in _SHEETS.items():
            op.execute(
                f"CREATE TRIGGER {sheet}_fact_{when} AFTER {when.upper()} ON {sheet} REFERENCING {tables} "
                f"FOR EACH STATEMENT EXECUTE FUNCTION fact_change_{when}('{owner}')"
            )
