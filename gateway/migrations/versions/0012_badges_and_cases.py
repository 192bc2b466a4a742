"""Printed numbers and replacing of badges; incidents, exclusions, hazards, override key, police requests, leave."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

Columns = list[sa.Column[str] | sa.Column[int]]


def upgrade() -> None:
    """Stock badges that are alive keep their label as their printed number, where it is the only one."""
    _badges()
    _incidents()
    _exclusions()
    _hazards()
    _override_uses()
    _police()
    _leave()
    _no_overlaps("exclusion", ("person_id", "site_id"), "from_at", "until_at", "")
    _no_overlaps("leave", ("staff_id",), "from_on", "until_on", "cancelled_at IS NULL")


def _code(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=64), nullable=nullable)


def _id(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=36), nullable=nullable)


def _instant(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _text(name: str, *, nullable: bool = True) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _done(verb: str, *, nullable: bool = False) -> Columns:
    return [_code(f"{verb}_by", nullable=nullable), _instant(f"{verb}_at", nullable=nullable)]


def _to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=f"fk_{table}_{column}")


def _unique_while(name: str, table: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, unique=True, sqlite_where=where, postgresql_where=where)


def _badges() -> None:
    op.add_column("badge", sa.Column("printed", sa.String(length=16), nullable=True))
    op.add_column(
        "badge",
        sa.Column("replaces_id", sa.String(length=36), sa.ForeignKey("badge.id"), nullable=True),
        inline_references=True,
    )
    op.execute(
        "UPDATE badge SET printed = label WHERE revoked_at IS NULL AND person_id IS NULL AND staff_id IS NULL "
        "AND length(label) <= 16 AND (SELECT count(*) FROM badge AS other WHERE other.site_id = badge.site_id "
        "AND other.label = badge.label AND other.revoked_at IS NULL) = 1"
    )
    _unique_while("uq_badge_live_printed", "badge", ["site_id", "printed"], "revoked_at IS NULL")
    op.create_table(
        "recognition",
        _id("badge_id"),
        _code("how"),
        _text("note"),
        _code("staff_id"),
        _instant("at"),
        _to("recognition", "badge_id", "badge"),
        sa.PrimaryKeyConstraint("badge_id", name="pk_recognition"),
    )


def _incidents() -> None:
    op.create_table(
        "incident",
        _id("id"),
        _id("site_id"),
        _id("locker_id", nullable=True),
        _code("kind"),
        _instant("at"),
        _text("note"),
        *_done("recorded"),
        _code("outcome", nullable=True),
        *_done("closed", nullable=True),
        sa.CheckConstraint("(closed_at IS NULL) = (outcome IS NULL)", name="ck_incident_closed_with_an_outcome"),
        _to("incident", "site_id", "site"),
        _to("incident", "locker_id", "locker"),
        sa.PrimaryKeyConstraint("id", name="pk_incident"),
    )
    op.create_index("ix_incident_site_id", "incident", ["site_id"])
    op.create_table(
        "incident_person",
        _id("incident_id"),
        _id("person_id"),
        _code("part"),
        _text("note"),
        _to("incident_person", "incident_id", "incident"),
        _to("incident_person", "person_id", "person"),
        sa.PrimaryKeyConstraint("incident_id", "person_id", name="pk_incident_person"),
    )
    op.create_index("ix_incident_person_person_id", "incident_person", ["person_id"])


def _exclusions() -> None:
    op.create_table(
        "exclusion",
        _id("id"),
        _id("person_id"),
        _id("site_id"),
        _id("incident_id", nullable=True),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        _instant("from_at"),
        _instant("until_at"),
        _code("reason"),
        _text("note"),
        sa.Column("warns_elsewhere", sa.Boolean(), server_default=sa.false(), nullable=False),
        *_done("decided"),
        *_done("lifted", nullable=True),
        sa.CheckConstraint("from_at <= until_at", name="ck_exclusion_begins_before_it_ends"),
        _to("exclusion", "person_id", "person"),
        _to("exclusion", "site_id", "site"),
        _to("exclusion", "incident_id", "incident"),
        sa.PrimaryKeyConstraint("id", name="pk_exclusion"),
    )
    op.create_index("ix_exclusion_person_id_site_id", "exclusion", ["person_id", "site_id"])
    op.create_index("ix_exclusion_site_id", "exclusion", ["site_id"])
    op.create_table(
        "appeal",
        _id("id"),
        _id("exclusion_id"),
        _code("made_by"),
        _text("note"),
        *_done("recorded"),
        _code("outcome", nullable=True),
        _text("decision_note"),
        *_done("decided", nullable=True),
        sa.CheckConstraint("(decided_at IS NULL) = (outcome IS NULL)", name="ck_appeal_decided_with_an_outcome"),
        _to("appeal", "exclusion_id", "exclusion"),
        sa.PrimaryKeyConstraint("id", name="pk_appeal"),
    )
    op.create_index("ix_appeal_exclusion_id", "appeal", ["exclusion_id"])
    _unique_while("uq_appeal_waiting", "appeal", ["exclusion_id"], "decided_at IS NULL")


def _hazards() -> None:
    op.create_table(
        "hazard",
        _id("id"),
        _id("locker_id"),
        _id("contract_id", nullable=True),
        _code("kind"),
        _text("note"),
        *_done("reported"),
        _code("witness_kind", nullable=True),
        _text("witness"),
        _code("found", nullable=True),
        _code("action", nullable=True),
        _text("found_note"),
        *_done("inspected", nullable=True),
        _text("notice"),
        *_done("notice", nullable=True),
        *_done("closed", nullable=True),
        sa.CheckConstraint(
            "(inspected_at IS NULL) = (witness_kind IS NULL)", name="ck_hazard_inspected_with_a_witness"
        ),
        sa.CheckConstraint("closed_at IS NULL OR inspected_at IS NOT NULL", name="ck_hazard_inspected_before_closed"),
        sa.CheckConstraint(
            "closed_at IS NULL OR contract_id IS NULL OR notice_at IS NOT NULL", name="ck_hazard_told_before_closed"
        ),
        _to("hazard", "locker_id", "locker"),
        _to("hazard", "contract_id", "contract"),
        sa.PrimaryKeyConstraint("id", name="pk_hazard"),
    )
    op.create_index("ix_hazard_locker_id", "hazard", ["locker_id"])
    op.create_index("ix_hazard_contract_id", "hazard", ["contract_id"])
    _unique_while("uq_hazard_open", "hazard", ["locker_id"], "closed_at IS NULL")


def _override_uses() -> None:
    op.create_table(
        "override_use",
        _id("id"),
        _id("locker_id"),
        _instant("from_at"),
        _instant("until_at"),
        _code("reason"),
        _code("witness_kind", nullable=True),
        _text("note"),
        *_done("declared"),
        sa.CheckConstraint("from_at <= until_at", name="ck_override_use_begins_before_it_ends"),
        sa.CheckConstraint("until_at <= declared_at", name="ck_override_use_declared_afterwards"),
        _to("override_use", "locker_id", "locker"),
        sa.PrimaryKeyConstraint("id", name="pk_override_use"),
    )
    op.create_index("ix_override_use_locker_id_from_at", "override_use", ["locker_id", "from_at"])


def _police() -> None:
    op.create_table(
        "police_request",
        _id("id"),
        _id("site_id"),
        _code("authority"),
        _code("legal_basis"),
        _text("reference", nullable=False),
        _text("officer"),
        _text("note"),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("scope", sa.JSON(), nullable=False),
        _instant("from_at"),
        _instant("until_at"),
        *_done("recorded"),
        sa.Column("granted", sa.Boolean(), nullable=True),
        _text("decision_note"),
        *_done("decided", nullable=True),
        sa.CheckConstraint("from_at < until_at", name="ck_police_request_begins_before_it_ends"),
        sa.CheckConstraint("(decided_at IS NULL) = (granted IS NULL)", name="ck_police_request_decided_with_an_answer"),
        _to("police_request", "site_id", "site"),
        sa.PrimaryKeyConstraint("id", name="pk_police_request"),
    )
    op.create_index("ix_police_request_site_id", "police_request", ["site_id"])
    op.create_table(
        "police_subject",
        _id("request_id"),
        _id("person_id"),
        _to("police_subject", "request_id", "police_request"),
        sa.PrimaryKeyConstraint("request_id", "person_id", name="pk_police_subject"),
    )
    op.create_table(
        "police_export",
        _id("id"),
        _id("request_id"),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        *_done("made"),
        _to("police_export", "request_id", "police_request"),
        sa.PrimaryKeyConstraint("id", name="pk_police_export"),
    )
    op.create_index("ix_police_export_request_id", "police_export", ["request_id"])


def _leave() -> None:
    op.create_table(
        "leave",
        _id("id"),
        _id("staff_id"),
        _id("stand_in_id"),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        *_done("recorded"),
        *_done("cancelled", nullable=True),
        sa.CheckConstraint("from_on <= until_on", name="ck_leave_begins_before_it_ends"),
        sa.CheckConstraint("staff_id <> stand_in_id", name="ck_leave_someone_else_stands_in"),
        _to("leave", "staff_id", "staff"),
        _to("leave", "stand_in_id", "staff"),
        sa.PrimaryKeyConstraint("id", name="pk_leave"),
    )
    op.create_index("ix_leave_staff_id", "leave", ["staff_id"])
    op.create_index("ix_leave_stand_in_id", "leave", ["stand_in_id"])


def _no_overlaps(table: str, same: tuple[str, ...], start: str, end: str, while_: str) -> None:
    """Rows with the same owner never overlap; instants are half-open, days include the last."""
    if op.get_bind().dialect.name == "sqlite":
        owner = " AND ".join(f"{column} = NEW.{column}" for column in same)
        less = "<=" if end.endswith("_on") else "<"
        apart = f"AND {start} {less} {end} AND {start} {less} NEW.{end} AND NEW.{start} {less} {end}"
        alive = f"AND {while_}" if while_ else ""
        new_alive = f"NEW.{while_}" if while_ else f"NEW.{start} {less} NEW.{end}"
        met = f"{owner} AND id <> NEW.id {alive} {apart}"
        stop = f"SELECT RAISE(ABORT, '{table} overlaps another') WHERE EXISTS (SELECT 1 FROM {table} WHERE {met});"  # noqa: S608
        for when in ("INSERT", "UPDATE"):
            name = f"{table}_overlap_{when.lower()}"
            op.execute(f"CREATE TRIGGER {name} BEFORE {when} ON {table} WHEN {new_alive} BEGIN {stop} END")
        return
    hashed = f"hashtextextended({' || '.join(same)}, 0)"
    span = f"daterange({start}, {end}, '[]')" if end.endswith("_on") else f"int8range({start}, {end})"
    where = f" WHERE ({while_})" if while_ else ""
    op.execute(
        f"ALTER TABLE {table} ADD CONSTRAINT ex_{table}_overlap EXCLUDE USING gist ("
        f"int8range({hashed}, {hashed}, '[]') WITH &&, {span} WITH &&){where}"
    )
