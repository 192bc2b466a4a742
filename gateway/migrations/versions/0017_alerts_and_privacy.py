"""Alerts; names sealed, with an index to search them; terms of keeping; the audit trail chained."""

import json

import sqlalchemy as sa
from alembic import op

from gateway.audit.chain import START, link
from gateway.people.name_index import beginnings
from gateway.privacy.fields import keys_for

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_PERSON = sa.table("person", sa.column("id"), sa.column("name"), sa.column("sealed_name"))
_TOKEN = sa.table("name_token", sa.column("token"), sa.column("person_id"))
_AUDIT = sa.table(
    "audit_record", *(sa.column(name) for name in ("id", "at", "actor", "action", "subject", "details", "digest"))
)


def upgrade() -> None:
    """What was there is kept: names are sealed where they stand, records are chained in their order."""
    _alerts()
    _privacy()
    _names()
    _chain()


def _alerts() -> None:
    op.create_table(
        "alert_channel",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("site_id", sa.String(length=36), nullable=True),
        sa.Column("label", sa.String(length=100), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("urgent", sa.JSON(), nullable=False),
        sa.Column("quiet_from", sa.Integer(), nullable=True),
        sa.Column("quiet_until", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(quiet_from IS NULL) = (quiet_until IS NULL)", name=op.f("ck_alert_channel_quiet_hours_have_both_ends")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_alert_channel_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_channel")),
    )
    op.create_index("ix_alert_channel_site_id", "alert_channel", ["site_id"])
    op.create_table(
        "alert",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("site_id", sa.String(length=36), nullable=False),
        sa.Column("bank_id", sa.String(length=40), nullable=True),
        sa.Column("locker", sa.Integer(), nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("raised_at", sa.BigInteger(), nullable=False),
        sa.Column("over_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name=op.f("fk_alert_bank_id_bank")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_alert_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
        sa.UniqueConstraint("key", name=op.f("uq_alert_key")),
    )
    op.create_index(
        "uq_alert_one_of_a_subject",
        "alert",
        ["subject"],
        unique=True,
        sqlite_where=sa.text("over_at IS NULL"),
        postgresql_where=sa.text("over_at IS NULL"),
    )
    op.create_index("ix_alert_site_id", "alert", ["site_id"])
    op.create_table(
        "alert_cursor",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_cursor")),
    )
    op.create_table(
        "alert_delivery",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("alert_id", sa.String(length=36), nullable=False),
        sa.Column("channel_id", sa.String(length=36), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_alert_delivery_alert_id_alert")),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["alert_channel.id"], name=op.f("fk_alert_delivery_channel_id_alert_channel")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_delivery")),
        sa.UniqueConstraint("alert_id", "channel_id", name=op.f("uq_alert_delivery_alert_id_channel_id")),
    )
    op.create_index("ix_alert_delivery_channel_id", "alert_delivery", ["channel_id"])
    op.create_index("ix_alert_delivery_state_due_at", "alert_delivery", ["state", "due_at"])


def _privacy() -> None:
    op.create_table(
        "retention_terms",
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("file_days", sa.Integer(), nullable=False),
        sa.Column("openings_days", sa.Integer(), nullable=False),
        sa.CheckConstraint("file_days > 0 AND openings_days > 0", name=op.f("ck_retention_terms_are_days")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_retention_terms_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_retention_terms")),
    )
    op.create_table(
        "openings_request",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("bank_id", sa.String(length=40), nullable=False),
        sa.Column("locker", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=False),
        sa.Column("asked_by", sa.String(length=64), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name=op.f("fk_openings_request_bank_id_bank")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_openings_request")),
    )
    op.create_index("ix_openings_request_bank_id", "openings_request", ["bank_id"])


def _names() -> None:
    op.create_table(
        "other_name",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_other_name_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_other_name")),
    )
    op.create_index("ix_other_name_person_id", "other_name", ["person_id"])
    op.create_table(
        "name_token",
        sa.Column("token", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_name_token_person_id_person")),
        sa.PrimaryKeyConstraint("token", "person_id", name=op.f("pk_name_token")),
    )
    op.create_index("ix_name_token_person_id", "name_token", ["person_id"])
    # A new column that takes the old one's name: SQLite need not copy a table that so much points at.
    op.add_column("person", sa.Column("sealed_name", sa.Text(), nullable=False, server_default=""))
    op.add_column("person", sa.Column("erased_at", sa.BigInteger(), nullable=True))
    bind = op.get_bind()
    for person_id, name in bind.execute(sa.select(_PERSON.c.id, _PERSON.c.name)).all():
        keys = keys_for(bind.dialect)
        sealed = keys.seal("person.name", name)
        bind.execute(sa.update(_PERSON).where(_PERSON.c.id == person_id).values(sealed_name=sealed))
        tokens = sorted({keys.token("person.name", start) for start in beginnings(name)})
        if tokens:
            bind.execute(sa.insert(_TOKEN), [{"token": token, "person_id": person_id} for token in tokens])
    op.drop_column("person", "name")
    op.alter_column("person", "sealed_name", new_column_name="name", existing_type=sa.Text(), existing_nullable=False)


def _chain() -> None:
    op.add_column("audit_record", sa.Column("digest", sa.String(length=64), nullable=False, server_default=""))
    sqlite = op.get_bind().dialect.name == "sqlite"
    op.execute("DROP TRIGGER audit_append_only_update" if sqlite else "DROP TRIGGER audit_append_only ON audit_record")
    _link_records()
    op.execute(
        "CREATE TRIGGER audit_append_only_update BEFORE UPDATE ON audit_record "
        "BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"
        if sqlite
        else "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit_record "
        "FOR EACH ROW EXECUTE FUNCTION audit_append_only()"
    )


def _link_records() -> None:
    bind, previous = op.get_bind(), START
    for row in bind.execute(sa.select(_AUDIT).order_by(_AUDIT.c.id)).all():
        details = json.loads(row.details) if isinstance(row.details, str) else row.details
        previous = link(previous, at=row.at, actor=row.actor, action=row.action, subject=row.subject, details=details)
        bind.execute(sa.update(_AUDIT).where(_AUDIT.c.id == row.id).values(digest=previous))
