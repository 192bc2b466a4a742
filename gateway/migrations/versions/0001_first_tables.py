"""Every table of the first version."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: the way back is the backup."""
    op.create_table(
        "audit_record",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_record"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_record_subject", "audit_record", ["subject"], unique=False)
    op.create_table(
        "organisation",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_organisation"),
        sa.UniqueConstraint("name", name="uq_organisation_name"),
    )
    op.create_table(
        "staff",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("email", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_staff"),
        sa.UniqueConstraint("email", name="uq_staff_email"),
    )
    op.create_table(
        "api_token",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("staff_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_api_token_staff_id"),
        sa.PrimaryKeyConstraint("id", name="pk_api_token"),
        sa.UniqueConstraint("token_hash", name="uq_api_token_token_hash"),
    )
    op.create_index("ix_api_token_staff_id", "api_token", ["staff_id"], unique=False)
    op.create_table(
        "form_submission",
        sa.Column("once", sa.String(length=64), nullable=False),
        sa.Column("staff_id", sa.String(length=36), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("location", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_form_submission_staff_id"),
        sa.PrimaryKeyConstraint("once", "staff_id", name="pk_form_submission"),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name="fk_person_organisation_id"),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
    )
    op.create_index("ix_person_organisation_id", "person", ["organisation_id"], unique=False)
    op.create_table(
        "scheme",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("grace_days", sa.Integer(), nullable=False),
        sa.Column("term_months", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name="fk_scheme_organisation_id"),
        sa.PrimaryKeyConstraint("id", name="pk_scheme"),
        sa.UniqueConstraint("organisation_id", "name", name="uq_scheme_organisation_id_name"),
    )
    op.create_table(
        "sign_in",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("staff_id", sa.String(length=36), nullable=False),
        sa.Column("csrf_token", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_sign_in_staff_id"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_sign_in"),
    )
    op.create_index("ix_sign_in_staff_id", "sign_in", ["staff_id"], unique=False)
    op.create_table(
        "site",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name="fk_site_organisation_id"),
        sa.PrimaryKeyConstraint("id", name="pk_site"),
        sa.UniqueConstraint("name", name="uq_site_name"),
    )
    op.create_index("ix_site_organisation_id", "site", ["organisation_id"], unique=False)
    op.create_table(
        "badge",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("site_id", sa.String(length=36), nullable=False),
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("label", sa.String(length=64), nullable=False),
        sa.Column("technology", sa.String(length=16), nullable=True),
        sa.Column("person_id", sa.String(length=36), nullable=True),
        sa.Column("staff_id", sa.String(length=36), nullable=True),
        sa.Column("registered_at", sa.BigInteger(), nullable=False),
        sa.Column("given_at", sa.BigInteger(), nullable=True),
        sa.Column("valid_until", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_why", sa.String(length=32), nullable=True),
        sa.CheckConstraint("person_id IS NULL OR staff_id IS NULL", name="ck_badge_one_owner"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_badge_person_id"),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name="fk_badge_site_id"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_badge_staff_id"),
        sa.PrimaryKeyConstraint("id", name="pk_badge"),
    )
    op.create_index("ix_badge_digest", "badge", ["digest"], unique=False)
    op.create_index("ix_badge_person_id", "badge", ["person_id"], unique=False)
    op.create_index("ix_badge_staff_id", "badge", ["staff_id"], unique=False)
    op.create_index(
        "uq_badge_live_digest",
        "badge",
        ["site_id", "digest"],
        unique=True,
        sqlite_where=sa.text("revoked_at IS NULL"),
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_table(
        "badge_key",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("site_id", sa.String(length=36), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name="fk_badge_key_site_id"),
        sa.PrimaryKeyConstraint("id", name="pk_badge_key"),
    )
    op.create_index("ix_badge_key_site_id", "badge_key", ["site_id"], unique=False)
    op.create_table(
        "bank",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("site_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name="fk_bank_site_id"),
        sa.PrimaryKeyConstraint("id", name="pk_bank"),
    )
    op.create_index("ix_bank_site_id", "bank", ["site_id"], unique=False)
    op.create_table(
        "contract",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("scheme_id", sa.String(length=36), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("grace_days", sa.Integer(), nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=False),
        sa.Column("collect_until", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("signed_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("end_reason", sa.String(length=64), nullable=True),
        sa.Column("next_id", sa.String(length=36), nullable=True),
        sa.CheckConstraint("from_at <= until_at", name="ck_contract_starts_before_it_ends"),
        sa.CheckConstraint("until_at <= collect_until", name="ck_contract_collects_after_it_ends"),
        sa.ForeignKeyConstraint(["next_id"], ["contract.id"], name="fk_contract_next_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_contract_person_id"),
        sa.ForeignKeyConstraint(["scheme_id"], ["scheme.id"], name="fk_contract_scheme_id"),
        sa.PrimaryKeyConstraint("id", name="pk_contract"),
    )
    op.create_index("ix_contract_person_id", "contract", ["person_id"], unique=False)
    op.create_table(
        "carried_revocation",
        sa.Column("bank_id", sa.String(length=40), nullable=False),
        sa.Column("grant_id", sa.String(length=256), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("why", sa.String(length=64), nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name="fk_carried_revocation_bank_id"),
        sa.PrimaryKeyConstraint("bank_id", "grant_id", name="pk_carried_revocation"),
    )
    op.create_table(
        "command",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("bank_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("args", sa.JSON(), nullable=False),
        sa.Column("locker", sa.Integer(), nullable=True),
        sa.Column("requested_by", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("requested_at", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("why", sa.String(length=64), nullable=True),
        sa.Column("digest", sa.String(length=32), nullable=True),
        sa.Column("key_id", sa.String(length=64), nullable=True),
        sa.Column("replaced_by", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name="fk_command_bank_id"),
        sa.PrimaryKeyConstraint("id", name="pk_command"),
    )
    op.create_index("ix_command_bank_id_requested_at", "command", ["bank_id", "requested_at"], unique=False)
    op.create_table(
        "controller",
        sa.Column("bank_id", sa.String(length=40), nullable=False),
        sa.Column("device_public", sa.LargeBinary(length=32), nullable=False),
        sa.Column("encryption_public", sa.LargeBinary(length=32), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("trust_version", sa.BigInteger(), nullable=False),
        sa.Column("keys_version", sa.BigInteger(), nullable=False),
        sa.Column("session_number", sa.BigInteger(), nullable=False),
        sa.Column("session_nonce", sa.String(length=32), nullable=True),
        sa.Column("software", sa.String(length=256), nullable=True),
        sa.Column("online", sa.Boolean(), nullable=False),
        sa.Column("status_at", sa.BigInteger(), nullable=True),
        sa.Column("list_in_force", sa.BigInteger(), nullable=False),
        sa.Column("list_in_force_since", sa.BigInteger(), nullable=True),
        sa.Column("held_since", sa.BigInteger(), nullable=True),
        sa.Column("held_why", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name="fk_controller_bank_id"),
        sa.PrimaryKeyConstraint("bank_id", name="pk_controller"),
    )
    op.create_table(
        "epoch",
        sa.Column("bank_id", sa.String(length=40), nullable=False),
        sa.Column("epoch", sa.String(length=32), nullable=False),
        sa.Column("through", sa.BigInteger(), nullable=False),
        sa.Column("through_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("highest", sa.BigInteger(), nullable=False),
        sa.Column("available", sa.BigInteger(), nullable=False),
        sa.Column("expected", sa.BigInteger(), nullable=False),
        sa.Column("previous_epoch", sa.String(length=32), nullable=True),
        sa.Column("previous_seq", sa.BigInteger(), nullable=True),
        sa.Column("previous_hash", sa.String(length=64), nullable=True),
        sa.Column("link", sa.String(length=64), nullable=False),
        sa.Column("first_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("gap_since", sa.BigInteger(), nullable=True),
        sa.Column("gap_alarmed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name="fk_epoch_bank_id"),
        sa.PrimaryKeyConstraint("bank_id", "epoch", name="pk_epoch"),
    )
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("bank_id", sa.String(length=40), nullable=True),
        sa.Column("locker", sa.Integer(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("epoch", sa.String(length=32), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("line", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name="fk_event_bank_id"),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
        sa.UniqueConstraint("bank_id", "epoch", "seq", name="uq_event_bank_id_epoch_seq"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_event_bank_id_locker_id", "event", ["bank_id", "locker", "id"], unique=False)
    op.create_table(
        "issued_list",
        sa.Column("bank_id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name="fk_issued_list_bank_id"),
        sa.PrimaryKeyConstraint("bank_id", "version", name="pk_issued_list"),
    )
    op.create_table(
        "locker",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("bank_id", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("size", sa.String(length=16), nullable=True),
        sa.Column("in_service_since", sa.BigInteger(), nullable=False),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name="fk_locker_bank_id"),
        sa.PrimaryKeyConstraint("id", name="pk_locker"),
        sa.UniqueConstraint("bank_id", "number", name="uq_locker_bank_id_number"),
    )
    op.create_table(
        "observation",
        sa.Column("bank_id", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("door", sa.String(length=64), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("fault", sa.String(length=64), nullable=True),
        sa.Column("out_of_service", sa.Boolean(), nullable=False),
        sa.Column("last_opened_at", sa.BigInteger(), nullable=True),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("as_of_epoch", sa.String(length=32), nullable=False),
        sa.Column("as_of_seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name="fk_observation_bank_id"),
        sa.PrimaryKeyConstraint("bank_id", "number", name="pk_observation"),
    )
    op.create_table(
        "quarantine",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("bank_id", sa.String(length=40), nullable=False),
        sa.Column("epoch", sa.String(length=32), nullable=True),
        sa.Column("first", sa.BigInteger(), nullable=True),
        sa.Column("last", sa.BigInteger(), nullable=True),
        sa.Column("end_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("why", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=True),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name="fk_quarantine_bank_id"),
        sa.PrimaryKeyConstraint("id", name="pk_quarantine"),
        sa.UniqueConstraint("bank_id", "fingerprint", name="uq_quarantine_bank_id_fingerprint"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_quarantine_bank_id_epoch_first", "quarantine", ["bank_id", "epoch", "first"], unique=False)
    op.create_table(
        "reported_part",
        sa.Column("bank_id", sa.String(length=40), nullable=False),
        sa.Column("command_id", sa.String(length=36), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name="fk_reported_part_bank_id"),
        sa.PrimaryKeyConstraint("bank_id", "command_id", "part", name="pk_reported_part"),
    )
    op.create_table(
        "suspension",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("contract_id", sa.String(length=36), nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=False),
        sa.Column("review_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("decided_by", sa.String(length=36), nullable=False),
        sa.Column("lifted_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("from_at <= until_at", name="ck_suspension_begins_before_it_ends"),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name="fk_suspension_contract_id"),
        sa.PrimaryKeyConstraint("id", name="pk_suspension"),
    )
    op.create_index("ix_suspension_contract_id", "suspension", ["contract_id"], unique=False)
    op.create_table(
        "command_step",
        sa.Column("command_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("why", sa.String(length=64), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["command_id"], ["command.id"], name="fk_command_step_command_id"),
        sa.PrimaryKeyConstraint("command_id", "number", name="pk_command_step"),
    )
    op.create_table(
        "holding",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("contract_id", sa.String(length=36), nullable=False),
        sa.Column("locker_id", sa.String(length=36), nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("from_at <= until_at", name="ck_holding_begins_before_it_ends"),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name="fk_holding_contract_id"),
        sa.ForeignKeyConstraint(["locker_id"], ["locker.id"], name="fk_holding_locker_id"),
        sa.PrimaryKeyConstraint("id", name="pk_holding"),
    )
    op.create_index("ix_holding_contract_id", "holding", ["contract_id"], unique=False)
    op.create_index("ix_holding_locker_id_from_at", "holding", ["locker_id", "from_at"], unique=False)
