"""Belongings are taken out of a locker and kept under nobody's name where it is not known whose they are."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

# As migration 0014 made them.
_WITNESSED = "EXISTS (SELECT 1 FROM custody WHERE id = {row}.custody_id AND witnessed_at IS NOT NULL)"
_GUARDS = (
    ("guard_kept_thing_1", "INSERT", _WITNESSED.format(row="NEW"), "a witnessed inventory does not grow"),
    ("guard_kept_thing_2", "DELETE", _WITNESSED.format(row="OLD"), "a witnessed inventory does not shrink"),
)
_INSIDE = sa.text("stored_at IS NULL AND closed_at IS NULL")


def upgrade() -> None:
    """A custody may have no contract; all that there are keep theirs."""
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column("custody", "contract_id", existing_type=sa.String(length=36), nullable=True)
        return
    # SQLite lets go of a NOT NULL only with the whole table, and of a table only while nothing points at it.
    for name, *_ in _GUARDS:
        op.execute(f"DROP TRIGGER {name}")
    op.execute("CREATE TABLE kept_thing_aside AS SELECT * FROM kept_thing")
    op.execute("DELETE FROM kept_thing")
    _rebuild_custody()
    op.execute("INSERT INTO kept_thing SELECT * FROM kept_thing_aside")
    op.drop_table("kept_thing_aside")
    for name, when, condition, text in _GUARDS:
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {when} ON kept_thing WHEN {condition} "
            f"BEGIN SELECT RAISE(ABORT, '{text}'); END"
        )


def _rebuild_custody() -> None:
    op.create_table(
        "custody_fresh",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("contract_id", sa.String(length=36), nullable=True),
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
            name=op.f("ck_custody_ck_custody_stored_after_its_inventory"),
        ),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name="fk_custody_contract_id"),
        sa.ForeignKeyConstraint(["locker_id"], ["locker.id"], name="fk_custody_locker_id"),
        sa.PrimaryKeyConstraint("id", name="pk_custody"),
        sa.UniqueConstraint("label", name="uq_custody_label"),
    )
    op.execute("INSERT INTO custody_fresh SELECT * FROM custody")
    op.drop_table("custody")
    op.rename_table("custody_fresh", "custody")
    op.create_index("ix_custody_contract_id", "custody", ["contract_id"], unique=False)
    op.create_index("ix_custody_locker_id", "custody", ["locker_id"], unique=False)
    op.create_index("uq_custody_one_taken_out", "custody", ["locker_id"], unique=True, sqlite_where=_INSIDE)
