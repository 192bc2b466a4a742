"""Where imported files came from."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two new tables."""
    op.create_table(
        "imported_file",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("bank_id", sa.String(length=40), nullable=False),
        sa.Column("imported_by", sa.String(length=64), nullable=False),
        sa.Column("imported_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name="fk_imported_file_bank_id"),
        sa.PrimaryKeyConstraint("id", name="pk_imported_file"),
        sa.UniqueConstraint("digest", name="uq_imported_file_digest"),
    )
    op.create_table(
        "imported_person",
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("file_id", sa.String(length=36), nullable=False),
        sa.Column("code", sa.String(length=12), nullable=True),
        sa.ForeignKeyConstraint(["file_id"], ["imported_file.id"], name="fk_imported_person_file_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_imported_person_person_id"),
        sa.PrimaryKeyConstraint("person_id", name="pk_imported_person"),
    )
    op.create_index("ix_imported_person_file_id", "imported_person", ["file_id"])
