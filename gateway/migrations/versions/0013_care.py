"""Contacts, steps, wishes, support, snapshots and reviews; partners, referrals, the waiting list and eligibility."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every one a new table."""
    _partners()
    _waiting()
    _eligibility()
    _looking_after()
    _contacts()
    _support()
    _reviews()


def _partners() -> None:
    op.create_table(
        "partner",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("contact_name", sa.Text(), nullable=True),
        sa.Column("reach", sa.Text(), nullable=True),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name="fk_partner_organisation_id"),
        sa.PrimaryKeyConstraint("id", name="pk_partner"),
    )
    op.create_index("uq_partner_name", "partner", ["organisation_id", "name"], unique=True)
    op.create_table(
        "referral",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("partner_id", sa.String(length=36), nullable=False),
        sa.Column("direction", sa.String(length=64), nullable=False),
        sa.Column("topic", sa.String(length=64), nullable=False),
        sa.Column("contact_name", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("result", sa.String(length=64), nullable=False),
        sa.Column("result_at", sa.BigInteger(), nullable=True),
        sa.Column("result_by", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name="fk_referral_partner_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_referral_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_referral"),
    )
    op.create_index("ix_referral_partner_id", "referral", ["partner_id"])
    op.create_index("ix_referral_person_id", "referral", ["person_id"])


def _waiting() -> None:
    op.create_table(
        "waiting_entry",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("scheme_id", sa.String(length=36), nullable=False),
        sa.Column("site_id", sa.String(length=36), nullable=True),
        sa.Column("referral_id", sa.String(length=36), nullable=True),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("reach", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("added_by", sa.String(length=64), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_by", sa.String(length=64), nullable=True),
        sa.Column("left_why", sa.String(length=64), nullable=True),
        sa.Column("contract_id", sa.String(length=36), nullable=True),
        sa.CheckConstraint("(closed_at IS NULL) = (closed_by IS NULL)", name="ck_waiting_entry_closed_by_someone"),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name="fk_waiting_entry_contract_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_waiting_entry_person_id"),
        sa.ForeignKeyConstraint(["referral_id"], ["referral.id"], name="fk_waiting_entry_referral_id"),
        sa.ForeignKeyConstraint(["scheme_id"], ["scheme.id"], name="fk_waiting_entry_scheme_id"),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name="fk_waiting_entry_site_id"),
        sa.PrimaryKeyConstraint("id", name="pk_waiting_entry"),
    )
    op.create_index("ix_waiting_entry_person_id", "waiting_entry", ["person_id"])
    op.create_index("ix_waiting_entry_scheme_id_since", "waiting_entry", ["scheme_id", "since"])
    _one_open("uq_waiting_entry_once", "waiting_entry", ["person_id", "scheme_id"], "closed_at")
    op.create_table(
        "offer",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("entry_id", sa.String(length=36), nullable=False),
        sa.Column("locker_id", sa.String(length=36), nullable=True),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("answer_by", sa.Date(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_by", sa.String(length=64), nullable=True),
        sa.Column("outcome", sa.String(length=64), nullable=True),
        sa.CheckConstraint("(closed_at IS NULL) = (closed_by IS NULL)", name="ck_offer_closed_by_someone"),
        sa.CheckConstraint("(closed_at IS NULL) = (outcome IS NULL)", name="ck_offer_closed_with_an_outcome"),
        sa.ForeignKeyConstraint(["entry_id"], ["waiting_entry.id"], name="fk_offer_entry_id"),
        sa.ForeignKeyConstraint(["locker_id"], ["locker.id"], name="fk_offer_locker_id"),
        sa.PrimaryKeyConstraint("id", name="pk_offer"),
    )
    op.create_index("ix_offer_entry_id", "offer", ["entry_id"])
    _one_open("uq_offer_locker", "offer", ["locker_id"], "closed_at")
    _one_open("uq_offer_one_open", "offer", ["entry_id"], "closed_at")
    op.create_table(
        "offer_attempt",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("offer_id", sa.String(length=36), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("result", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("recorded_by", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["offer_id"], ["offer.id"], name="fk_offer_attempt_offer_id"),
        sa.PrimaryKeyConstraint("id", name="pk_offer_attempt"),
    )
    op.create_index("ix_offer_attempt_offer_id", "offer_attempt", ["offer_id"])


def _eligibility() -> None:
    op.create_table(
        "eligibility",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("scheme_id", sa.String(length=36), nullable=False),
        sa.Column("eligible", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_eligibility_person_id"),
        sa.ForeignKeyConstraint(["scheme_id"], ["scheme.id"], name="fk_eligibility_scheme_id"),
        sa.PrimaryKeyConstraint("id", name="pk_eligibility"),
    )
    op.create_index("ix_eligibility_person_id_scheme_id", "eligibility", ["person_id", "scheme_id"])
    op.create_table(
        "condition_finding",
        sa.Column("eligibility_id", sa.String(length=36), nullable=False),
        sa.Column("condition", sa.String(length=64), nullable=False),
        sa.Column("finding", sa.String(length=64), nullable=False),
        sa.Column("exception", sa.String(length=64), nullable=True),
        sa.CheckConstraint(
            "(finding = 'exception') = (exception IS NOT NULL)", name="ck_condition_finding_an_exception_has_its_code"
        ),
        sa.ForeignKeyConstraint(["eligibility_id"], ["eligibility.id"], name="fk_condition_finding_eligibility_id"),
        sa.PrimaryKeyConstraint("eligibility_id", "condition", name="pk_condition_finding"),
    )


def _looking_after() -> None:
    op.create_table(
        "named_worker",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("staff_id", sa.String(length=36), nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=True),
        sa.Column("named_by", sa.String(length=64), nullable=False),
        sa.CheckConstraint("until_at IS NULL OR from_at <= until_at", name="ck_named_worker_begins_before_it_ends"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_named_worker_person_id"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_named_worker_staff_id"),
        sa.PrimaryKeyConstraint("id", name="pk_named_worker"),
    )
    op.create_index("ix_named_worker_person_id", "named_worker", ["person_id"])
    op.create_index("ix_named_worker_staff_id", "named_worker", ["staff_id"])
    _one_open("uq_named_worker_one_at_a_time", "named_worker", ["person_id"], "until_at")
    op.create_table(
        "cadence",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=True),
        sa.Column("set_by", sa.String(length=64), nullable=False),
        sa.CheckConstraint("days IS NULL OR days >= 1", name="ck_cadence_at_least_a_day"),
        sa.CheckConstraint("until_at IS NULL OR from_at <= until_at", name="ck_cadence_begins_before_it_ends"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_cadence_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_cadence"),
    )
    op.create_index("ix_cadence_person_id", "cadence", ["person_id"])
    _one_open("uq_cadence_one_at_a_time", "cadence", ["person_id"], "until_at")


def _contacts() -> None:
    op.create_table(
        "contact",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("place", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("recorded_by", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn_by", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_contact_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_contact"),
    )
    op.create_index("ix_contact_person_id_at", "contact", ["person_id", "at"])
    op.create_table(
        "step",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("topic", sa.String(length=64), nullable=False),
        sa.Column("what", sa.Text(), nullable=True),
        sa.Column("agreed_at", sa.BigInteger(), nullable=False),
        sa.Column("agreed_by", sa.String(length=64), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("result", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_by", sa.String(length=64), nullable=True),
        sa.CheckConstraint("(closed_at IS NULL) = (closed_by IS NULL)", name="ck_step_closed_by_someone"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_step_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_step"),
    )
    op.create_index("ix_step_person_id", "step", ["person_id"])
    op.create_table(
        "wish",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("topic", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("said_at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_wish_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_wish"),
    )
    op.create_index("ix_wish_person_id", "wish", ["person_id"])


def _support() -> None:
    op.create_table(
        "support_act",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("contract_id", sa.String(length=36), nullable=True),
        sa.Column("partner_id", sa.String(length=36), nullable=True),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("certainty", sa.String(length=64), server_default="stated", nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("recorded_by", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn_by", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name="fk_support_act_contract_id"),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name="fk_support_act_partner_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_support_act_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_support_act"),
    )
    op.create_index("ix_support_act_contract_id", "support_act", ["contract_id"])
    op.create_index("ix_support_act_partner_id", "support_act", ["partner_id"])
    op.create_index("ix_support_act_person_id_at", "support_act", ["person_id", "at"])
    op.create_table(
        "snapshot",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("contract_id", sa.String(length=36), nullable=True),
        sa.Column("moment", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("identity_papers", sa.String(length=64), nullable=True),
        sa.Column("residence", sa.String(length=64), nullable=True),
        sa.Column("health_cover", sa.String(length=64), nullable=True),
        sa.Column("income", sa.String(length=64), nullable=True),
        sa.Column("work", sa.String(length=64), nullable=True),
        sa.Column("address", sa.String(length=64), nullable=True),
        sa.Column("street_time", sa.String(length=64), nullable=True),
        sa.Column("certainty", sa.String(length=64), server_default="stated", nullable=False),
        sa.Column("recorded_by", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name="fk_snapshot_contract_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_snapshot_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_snapshot"),
    )
    op.create_index("ix_snapshot_person_id", "snapshot", ["person_id"])
    op.create_index("uq_snapshot_contract", "snapshot", ["contract_id", "person_id", "moment"], unique=True)
    _one_open("uq_snapshot_without_contract", "snapshot", ["person_id", "moment"], "contract_id")


def _reviews() -> None:
    op.create_table(
        "review",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("contract_id", sa.String(length=36), nullable=True),
        sa.Column("why", sa.String(length=64), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("opened_by", sa.String(length=64), nullable=True),
        sa.Column("decision", sa.String(length=64), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("next_on", sa.Date(), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.CheckConstraint("(decided_at IS NULL) = (decided_by IS NULL)", name="ck_review_decided_by_someone"),
        sa.CheckConstraint("(decided_at IS NULL) = (decision IS NULL)", name="ck_review_decided_something"),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name="fk_review_contract_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_review_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_review"),
    )
    op.create_index("ix_review_contract_id", "review", ["contract_id"])
    op.create_index("ix_review_person_id", "review", ["person_id"])
    _one_open("uq_review_one_open", "review", ["person_id"], "decided_at")


def _one_open(name: str, table: str, columns: list[str], closed: str) -> None:
    still = sa.text(f"{closed} IS NULL")
    op.create_index(name, table, columns, unique=True, sqlite_where=still, postgresql_where=still)
