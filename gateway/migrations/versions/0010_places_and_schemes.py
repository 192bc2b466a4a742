"""Roles at banks, allotments, manual banks, works; schemes with their terms."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0003"
branch_labels = None
depends_on = None

# What every scheme promised before terms were data; a later default must not change what is stored here.
_TERMS: dict[str, object] = {
    "contact_days": 7, "warn_after": 1, "review_after": 4, "no_news_days": 14, "term_months": 12, "grace_days": 14,
    "keep_days": 30, "contribution": None, "hours": None, "conditions": [], "loans": None,
    "calendar": {"weekly_off": [], "dates_off": []},
}  # fmt: skip

_OVERLAPS = """
    SELECT RAISE(ABORT, 'allotment overlaps another') WHERE EXISTS (
        SELECT 1 FROM allotment
        WHERE locker_id = NEW.locker_id AND id <> NEW.id AND (until_at IS NULL OR from_at < until_at)
          AND (NEW.until_at IS NULL OR from_at < NEW.until_at) AND (until_at IS NULL OR until_at > NEW.from_at)
    );
"""


def upgrade() -> None:
    """Terms of schemes and contracts are filled from the columns they replace."""
    _places()
    _keys()
    _schemes()
    op.add_column(
        "staff",
        sa.Column("organisation_id", sa.String(length=36), sa.ForeignKey("organisation.id"), nullable=True),
        inline_references=True,
    )


def _places() -> None:
    op.add_column("bank", sa.Column("winding_down_since", sa.BigInteger(), nullable=True))
    op.add_column("bank", sa.Column("closes_on", sa.Date(), nullable=True))
    op.add_column("locker", sa.Column("litres", sa.Integer(), nullable=True))
    op.add_column("locker", sa.Column("lock", sa.String(length=64), server_default="badge", nullable=False))
    op.create_table(
        "bank_role",
        sa.Column("bank_id", sa.String(length=40), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("role", sa.String(length=64), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name="fk_bank_role_bank_id"),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name="fk_bank_role_organisation_id"),
        sa.PrimaryKeyConstraint("bank_id", "organisation_id", "role", name="pk_bank_role"),
    )
    op.create_index("ix_bank_role_organisation_id", "bank_role", ["organisation_id"])
    one_each = sa.text("role <> 'support'")
    op.create_index(
        "uq_bank_role_one_owner_one_operator", "bank_role", ["bank_id", "role"], unique=True, sqlite_where=one_each,
        postgresql_where=one_each,
    )  # fmt: skip
    op.create_table(
        "allotment",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("locker_id", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("until_at IS NULL OR from_at <= until_at", name="ck_allotment_begins_before_it_ends"),
        sa.ForeignKeyConstraint(["locker_id"], ["locker.id"], name="fk_allotment_locker_id"),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name="fk_allotment_organisation_id"),
        sa.PrimaryKeyConstraint("id", name="pk_allotment"),
    )
    op.create_index("ix_allotment_locker_id_from_at", "allotment", ["locker_id", "from_at"])
    op.create_index("ix_allotment_organisation_id", "allotment", ["organisation_id"])
    _refuse_overlapping_allotments()
    op.create_table(
        "works",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("bank_id", sa.String(length=40), nullable=False),
        sa.Column("locker_id", sa.String(length=36), nullable=True),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.Column("cancelled_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("from_at < until_at", name="ck_works_begin_before_they_end"),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name="fk_works_bank_id"),
        sa.ForeignKeyConstraint(["locker_id"], ["locker.id"], name="fk_works_locker_id"),
        sa.PrimaryKeyConstraint("id", name="pk_works"),
    )
    op.create_index("ix_works_bank_id", "works", ["bank_id"])


def _refuse_overlapping_allotments() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for when in ("INSERT", "UPDATE"):
            op.execute(
                f"CREATE TRIGGER allotment_overlap_{when.lower()} BEFORE {when} ON allotment "
                f"WHEN NEW.until_at IS NULL OR NEW.from_at < NEW.until_at BEGIN {_OVERLAPS} END"
            )
        return
    op.execute(
        "ALTER TABLE allotment ADD CONSTRAINT ex_allotment_overlap EXCLUDE USING gist ("
        "int8range(hashtextextended(locker_id, 0), hashtextextended(locker_id, 0), '[]') WITH &&, "
        "int8range(from_at, until_at) WITH &&)"
    )


def _keys() -> None:
    op.create_table(
        "mechanical_key",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("locker_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["locker_id"], ["locker.id"], name="fk_mechanical_key_locker_id"),
        sa.PrimaryKeyConstraint("id", name="pk_mechanical_key"),
        sa.UniqueConstraint("locker_id", "number", name="uq_mechanical_key_locker_id_number"),
    )
    op.create_table(
        "key_handover",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("key_id", sa.String(length=36), nullable=False),
        sa.Column("contract_id", sa.String(length=36), nullable=False),
        sa.Column("given_at", sa.BigInteger(), nullable=False),
        sa.Column("given_by", sa.String(length=64), nullable=False),
        sa.Column("returned_at", sa.BigInteger(), nullable=True),
        sa.Column("taken_by", sa.String(length=64), nullable=True),
        sa.Column("lost_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name="fk_key_handover_contract_id"),
        sa.ForeignKeyConstraint(["key_id"], ["mechanical_key.id"], name="fk_key_handover_key_id"),
        sa.PrimaryKeyConstraint("id", name="pk_key_handover"),
    )
    op.create_index("ix_key_handover_contract_id", "key_handover", ["contract_id"])
    still_out = sa.text("returned_at IS NULL")
    op.create_index(
        "uq_key_handover_one_at_a_time", "key_handover", ["key_id"], unique=True, sqlite_where=still_out,
        postgresql_where=still_out,
    )  # fmt: skip


def _schemes() -> None:
    op.add_column("scheme", sa.Column("service", sa.String(length=64), server_default="lockers", nullable=False))
    op.add_column("scheme", sa.Column("terms", sa.Text(), server_default="{}", nullable=False))
    op.add_column(
        "scheme",
        sa.Column("copied_from", sa.String(length=36), sa.ForeignKey("scheme.id"), nullable=True),
        inline_references=True,
    )
    op.add_column("scheme", sa.Column("closed_at", sa.BigInteger(), nullable=True))
    op.add_column("contract", sa.Column("terms", sa.Text(), server_default="{}", nullable=False))
    bind = op.get_bind()
    for scheme, months, grace in bind.execute(sa.text("SELECT id, term_months, grace_days FROM scheme")).all():
        bind.execute(
            sa.text("UPDATE scheme SET terms = :terms WHERE id = :scheme"),
            {"terms": _terms(months, grace), "scheme": scheme},
        )
    kinds = sa.text(
        "SELECT DISTINCT scheme.id, scheme.term_months, contract.grace_days FROM contract "
        "JOIN scheme ON scheme.id = contract.scheme_id"
    )
    for scheme, months, grace in bind.execute(kinds).all():
        bind.execute(
            sa.text("UPDATE contract SET terms = :terms WHERE scheme_id = :scheme AND grace_days = :grace"),
            {"terms": _terms(months, grace), "scheme": scheme, "grace": grace},
        )
    op.drop_column("scheme", "term_months")
    op.drop_column("scheme", "grace_days")
    op.drop_column("contract", "grace_days")


def _terms(months: int, grace: int) -> str:
    return json.dumps({**_TERMS, "term_months": months, "grace_days": grace}, separators=(",", ":"))
