"""Transitions, parties, trusted persons, notices, absences, deaths and ends of contracts."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Whoever held a contract becomes its first party; its reason for ending the first of several."""
    _contract()
    _people()
    _decisions()
    _away()
    _fill()


def _code(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=64), nullable=nullable)


def _id(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=36), nullable=nullable)


def _instant(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _unique_while(name: str, table: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, unique=True, sqlite_where=where, postgresql_where=where)


def _contract() -> None:
    for name in ("end_decided_by", "destination", "stability"):
        op.add_column("contract", _code(name, nullable=True))
    op.add_column("contract", sa.Column("end_note", sa.Text(), nullable=True))
    op.add_column("contract", _instant("grace_stopped_at", nullable=True))
    op.add_column("contract", _instant("frozen_at", nullable=True))
    op.add_column("contract", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.add_column("suspension", sa.Column("fetch", sa.String(length=64), server_default="desk", nullable=False))
    op.add_column("suspension", sa.Column("fetch_note", sa.Text(), nullable=True))


def _people() -> None:
    op.create_table(
        "party",
        _id("id"),
        _id("contract_id"),
        _id("person_id"),
        sa.Column("place", sa.Integer(), nullable=False),
        _instant("from_at"),
        _instant("until_at", nullable=True),
        sa.CheckConstraint("place IN (1, 2)", name="ck_party_two_at_most"),
        sa.CheckConstraint("until_at IS NULL OR from_at <= until_at", name="ck_party_joins_before_parting"),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name="fk_party_contract_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_party_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_party"),
    )
    op.create_index("ix_party_contract_id", "party", ["contract_id"])
    op.create_index("ix_party_person_id", "party", ["person_id"])
    _unique_while("uq_party_place", "party", ["contract_id", "place"], "until_at IS NULL")
    _unique_while("uq_party_once", "party", ["contract_id", "person_id"], "until_at IS NULL")
    op.create_table(
        "trusted_person",
        _id("id"),
        _id("contract_id"),
        _id("person_id"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        _instant("from_at"),
        _instant("until_at"),
        _code("added_by"),
        _instant("added_at"),
        _instant("ended_at", nullable=True),
        _code("ended_by", nullable=True),
        sa.CheckConstraint("from_at <= until_at", name="ck_trusted_person_begins_before_it_ends"),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name="fk_trusted_person_contract_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_trusted_person_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_trusted_person"),
    )
    op.create_index("ix_trusted_person_contract_id", "trusted_person", ["contract_id"])
    op.create_index("ix_trusted_person_person_id", "trusted_person", ["person_id"])
    # SQLite adds a check to a table only together with a column.
    op.execute(
        "ALTER TABLE badge ADD COLUMN trusted_id VARCHAR(36) "
        "CONSTRAINT fk_badge_trusted_id REFERENCES trusted_person (id) "
        "CONSTRAINT ck_badge_trusted_alone CHECK (trusted_id IS NULL OR (person_id IS NULL AND staff_id IS NULL))"
    )
    op.create_index("ix_badge_trusted_id", "badge", ["trusted_id"])


def _decisions() -> None:
    op.create_table(
        "notice",
        _id("id"),
        _id("contract_id"),
        _id("person_id", nullable=True),
        _code("why"),
        sa.Column("text", sa.Text(), nullable=True),
        _code("left_by"),
        _instant("left_at"),
        _code("given_by", nullable=True),
        _instant("given_at", nullable=True),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name="fk_notice_contract_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_notice_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_notice"),
    )
    op.create_index("ix_notice_contract_id", "notice", ["contract_id"])
    op.create_index("ix_notice_person_id", "notice", ["person_id"])
    op.create_table(
        "end_reason",
        _id("contract_id"),
        _code("reason"),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name="fk_end_reason_contract_id"),
        sa.PrimaryKeyConstraint("contract_id", "reason", name="pk_end_reason"),
    )
    op.create_table(
        "transition",
        _id("id"),
        _id("contract_id"),
        sa.Column("number", sa.Integer(), nullable=False),
        _instant("at"),
        _code("author"),
        _code("action"),
        _code("from_state", nullable=True),
        _code("to_state"),
        _code("reason", nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name="fk_transition_contract_id"),
        sa.PrimaryKeyConstraint("id", name="pk_transition"),
        sa.UniqueConstraint("contract_id", "number", name="uq_transition_contract_id_number"),
    )


def _away() -> None:
    op.create_table(
        "absence",
        _id("id"),
        _id("person_id"),
        _code("kind"),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("expected_on", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        _code("recorded_by"),
        _instant("recorded_at"),
        _code("ended_by", nullable=True),
        _instant("ended_at", nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_absence_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_absence"),
    )
    op.create_index("ix_absence_person_id", "absence", ["person_id"])
    _unique_while("uq_absence_open", "absence", ["person_id"], "ended_at IS NULL")
    op.create_table(
        "death",
        _id("id"),
        _id("person_id"),
        sa.Column("died_on", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        _code("recorded_by"),
        _instant("recorded_at"),
        _code("withdrawn_by", nullable=True),
        _instant("withdrawn_at", nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_death_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_death"),
    )
    op.create_index("ix_death_person_id", "death", ["person_id"])
    _unique_while("uq_death_known", "death", ["person_id"], "withdrawn_at IS NULL")


def _fill() -> None:
    op.execute(
        "INSERT INTO party (id, contract_id, person_id, place, from_at) "
        "SELECT id, id, person_id, 1, from_at FROM contract"
    )
    op.execute("INSERT INTO end_reason SELECT id, end_reason FROM contract WHERE end_reason IS NOT NULL")
    op.drop_column("contract", "end_reason")
