"""Belongings kept for their owners; the luggage room; deposits, advances and contributions."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# (table, when, the condition under which the database refuses, why)
_WITNESSED = "EXISTS (SELECT 1 FROM custody WHERE id = {row}.custody_id AND witnessed_at IS NOT NULL)"
_SO_FAR = (
    "(SELECT coalesce(sum(cents), 0) FROM money_movement WHERE claim_id = NEW.claim_id AND id <> NEW.id "
    "AND void_at IS NULL AND movement IN ({movements}))"
)
_ASKED = "(SELECT cents FROM claim WHERE id = NEW.claim_id)"
_SETTLED, _RECEIVED, _REFUNDED = (
    _SO_FAR.format(movements=movements) for movements in ("'received', 'forgiven'", "'received'", "'refunded'")
)
_GUARDS = (
    ("kept_thing", "INSERT", _WITNESSED.format(row="NEW"), "a witnessed inventory does not grow"),
    ("kept_thing", "DELETE", _WITNESSED.format(row="OLD"), "a witnessed inventory does not shrink"),
    ("money_movement", "DELETE", "1 = 1", "receipts are made void, not taken out"),
    (
        "money_movement",
        "INSERT",
        f"NEW.movement IN ('received', 'forgiven') AND {_SETTLED} + NEW.cents > {_ASKED}",
        "more than was asked",
    ),
    (
        "money_movement",
        "INSERT",
        f"NEW.movement = 'refunded' AND {_REFUNDED} + NEW.cents > {_RECEIVED}",
        "more than was received",
    ),
)


def upgrade() -> None:
    """Tables, and what the database itself refuses."""
    _custody()
    _luggage()
    _money()
    for number, (table, when, condition, text) in enumerate(_GUARDS, 1):
        _refuse(f"guard_{table}_{number}", table, when, condition, text)


def _refuse(name: str, table: str, when: str, condition: str, text: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {when} ON {table} WHEN {condition} BEGIN SELECT RAISE(ABORT, '{text}'); END"
        )
        return
    row = "OLD" if when == "DELETE" else "NEW"
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {condition} THEN "
        f"RAISE EXCEPTION '{text}' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN {row}; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE {when} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")


def _custody() -> None:
    op.create_table(
        "custody",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("contract_id", sa.String(length=36), nullable=False),
        sa.Column("locker_id", sa.String(length=36), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("begun_by", sa.String(length=64), nullable=False),
        sa.Column("witness", sa.String(length=64), nullable=True),
        sa.Column("witness_name", sa.Text(), nullable=True),
        sa.Column("photographs_kept", sa.Text(), nullable=True),
        sa.Column("witnessed_at", sa.BigInteger(), nullable=True),
        sa.Column("witnessed_by", sa.String(length=64), nullable=True),
        sa.Column("label", sa.String(length=40), nullable=True),
        sa.Column("place", sa.String(length=100), nullable=True),
        sa.Column("stored_at", sa.BigInteger(), nullable=True),
        sa.Column("stored_by", sa.String(length=64), nullable=True),
        sa.Column("keep_until", sa.Date(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_by", sa.String(length=64), nullable=True),
        sa.CheckConstraint(
            "stored_at IS NULL OR (witnessed_at IS NOT NULL AND label IS NOT NULL AND place IS NOT NULL "
            "AND keep_until IS NOT NULL)",
            name="ck_custody_stored_after_its_inventory",
        ),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name="fk_custody_contract_id"),
        sa.ForeignKeyConstraint(["locker_id"], ["locker.id"], name="fk_custody_locker_id"),
        sa.PrimaryKeyConstraint("id", name="pk_custody"),
        sa.UniqueConstraint("label", name="uq_custody_label"),
    )
    op.create_index("ix_custody_contract_id", "custody", ["contract_id"], unique=False)
    op.create_index("ix_custody_locker_id", "custody", ["locker_id"], unique=False)
    op.create_index(
        "uq_custody_one_taken_out",
        "custody",
        ["locker_id"],
        unique=True,
        sqlite_where=sa.text("stored_at IS NULL AND closed_at IS NULL"),
        postgresql_where=sa.text("stored_at IS NULL AND closed_at IS NULL"),
    )
    op.create_table(
        "kept_thing",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("custody_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("outcome", sa.String(length=64), nullable=True),
        sa.Column("outcome_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome_by", sa.String(length=64), nullable=True),
        sa.Column("recipient", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.Column("singly", sa.Boolean(), nullable=False),
        sa.Column("outcome_note", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "outcome IS NULL OR outcome <> 'disposed' "
            "OR kind NOT IN ('keys', 'medicine', 'money', 'papers', 'photographs') OR singly",
            name="ck_kept_thing_protected_things_singly",
        ),
        sa.CheckConstraint("(outcome IS NULL) = (outcome_at IS NULL)", name="ck_kept_thing_outcome_has_its_instant"),
        sa.CheckConstraint("quantity >= 1", name="ck_kept_thing_at_least_one"),
        sa.ForeignKeyConstraint(["custody_id"], ["custody.id"], name="fk_kept_thing_custody_id"),
        sa.PrimaryKeyConstraint("id", name="pk_kept_thing"),
    )
    op.create_index("ix_kept_thing_custody_id", "kept_thing", ["custody_id"], unique=False)
    op.create_table(
        "locker_check",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("locker_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["locker_id"], ["locker.id"], name="fk_locker_check_locker_id"),
        sa.PrimaryKeyConstraint("id", name="pk_locker_check"),
    )
    op.create_index("ix_locker_check_locker_id_kind_at", "locker_check", ["locker_id", "kind", "at"], unique=False)


def _luggage() -> None:
    op.create_table(
        "desk_shift",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("site_id", sa.String(length=36), nullable=False),
        sa.Column("staff_id", sa.String(length=36), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("float_cents", sa.Integer(), nullable=False),
        sa.Column("counted_cents", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint("closed_at IS NULL OR opened_at <= closed_at", name="ck_desk_shift_opens_before_it_closes"),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name="fk_desk_shift_site_id"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_desk_shift_staff_id"),
        sa.PrimaryKeyConstraint("id", name="pk_desk_shift"),
    )
    op.create_index("ix_desk_shift_site_id", "desk_shift", ["site_id"], unique=False)
    op.create_index(
        "uq_desk_shift_one_each",
        "desk_shift",
        ["staff_id"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "luggage",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("contract_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("in_at", sa.BigInteger(), nullable=False),
        sa.Column("in_by", sa.String(length=64), nullable=False),
        sa.Column("in_shift_id", sa.String(length=36), nullable=True),
        sa.Column("out_at", sa.BigInteger(), nullable=True),
        sa.Column("out_by", sa.String(length=64), nullable=True),
        sa.Column("out_shift_id", sa.String(length=36), nullable=True),
        sa.CheckConstraint("out_at IS NULL OR in_at <= out_at", name="ck_luggage_comes_before_it_goes"),
        sa.CheckConstraint("quantity >= 1", name="ck_luggage_at_least_one"),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name="fk_luggage_contract_id"),
        sa.ForeignKeyConstraint(["in_shift_id"], ["desk_shift.id"], name="fk_luggage_in_shift_id"),
        sa.ForeignKeyConstraint(["out_shift_id"], ["desk_shift.id"], name="fk_luggage_out_shift_id"),
        sa.PrimaryKeyConstraint("id", name="pk_luggage"),
    )
    op.create_index("ix_luggage_contract_id", "luggage", ["contract_id"], unique=False)
    op.create_index("ix_luggage_in_shift_id", "luggage", ["in_shift_id"], unique=False)
    op.create_index("ix_luggage_out_shift_id", "luggage", ["out_shift_id"], unique=False)
    op.create_table(
        "service_use",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("site_id", sa.String(length=36), nullable=False),
        sa.Column("shift_id", sa.String(length=36), nullable=True),
        sa.Column("person_id", sa.String(length=36), nullable=True),
        sa.Column("service", sa.String(length=64), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("undone_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("count >= 1", name="ck_service_use_at_least_once"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_service_use_person_id"),
        sa.ForeignKeyConstraint(["shift_id"], ["desk_shift.id"], name="fk_service_use_shift_id"),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name="fk_service_use_site_id"),
        sa.PrimaryKeyConstraint("id", name="pk_service_use"),
    )
    op.create_index("ix_service_use_person_id", "service_use", ["person_id"], unique=False)
    op.create_index("ix_service_use_shift_id", "service_use", ["shift_id"], unique=False)
    op.create_index("ix_service_use_site_id_at", "service_use", ["site_id", "at"], unique=False)


def _money() -> None:
    op.create_table(
        "claim",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("contract_id", sa.String(length=36), nullable=True),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("cents", sa.Integer(), nullable=False),
        sa.Column("period", sa.String(length=16), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("opened_by", sa.String(length=64), nullable=False),
        sa.CheckConstraint("cents >= 1", name="ck_claim_is_something"),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name="fk_claim_contract_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_claim_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_claim"),
        sa.UniqueConstraint("contract_id", "kind", "period", name="uq_claim_contract_id_kind_period"),
    )
    op.create_index("ix_claim_person_id", "claim", ["person_id"], unique=False)
    op.create_table(
        "money_movement",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("claim_id", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("receipt", sa.Integer(), nullable=False),
        sa.Column("movement", sa.String(length=64), nullable=False),
        sa.Column("cents", sa.Integer(), nullable=False),
        sa.Column("means", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("shift_id", sa.String(length=36), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("void_at", sa.BigInteger(), nullable=True),
        sa.Column("void_by", sa.String(length=64), nullable=True),
        sa.CheckConstraint("cents >= 1", name="ck_money_movement_is_something"),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name="fk_money_movement_claim_id"),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name="fk_money_movement_organisation_id"),
        sa.ForeignKeyConstraint(["shift_id"], ["desk_shift.id"], name="fk_money_movement_shift_id"),
        sa.PrimaryKeyConstraint("id", name="pk_money_movement"),
        sa.UniqueConstraint("organisation_id", "receipt", name="uq_money_movement_organisation_id_receipt"),
    )
    op.create_index("ix_money_movement_claim_id", "money_movement", ["claim_id"], unique=False)
    op.create_index("ix_money_movement_shift_id", "money_movement", ["shift_id"], unique=False)
