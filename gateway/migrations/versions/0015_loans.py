"""The tool library; what its tables refuse: a tool promised or lent twice, a tool locker that a contract holds."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_PROMISED_TWICE = """
    SELECT RAISE(ABORT, 'the tool is promised to another loan') WHERE EXISTS (
        SELECT 1 FROM loan_item
        WHERE tool_id = NEW.tool_id AND id <> NEW.id AND from_at < until_at
          AND from_at < NEW.until_at AND until_at > NEW.from_at
    );
"""
_LENDS_TOOLS = "EXISTS (SELECT 1 FROM tool_locker WHERE locker_id = NEW.locker_id)"
_IS_HELD = (
    "EXISTS (SELECT 1 FROM holding WHERE locker_id = NEW.locker_id AND until_at > NEW.since AND from_at < until_at)"
)


def upgrade() -> None:
    """Tables, then guards."""
    _members()
    _catalogue()
    _projects()
    _loans()
    _actions()
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def _guard_sqlite() -> None:
    for when in ("INSERT", "UPDATE"):
        op.execute(
            f"CREATE TRIGGER loan_item_overlap_{when.lower()} BEFORE {when} ON loan_item "
            f"WHEN NEW.from_at < NEW.until_at BEGIN {_PROMISED_TWICE} END"
        )
        op.execute(
            f"CREATE TRIGGER holding_tool_locker_{when.lower()} BEFORE {when} ON holding "
            f"WHEN NEW.from_at < NEW.until_at AND {_LENDS_TOOLS} "
            "BEGIN SELECT RAISE(ABORT, 'the locker lends tools'); END"
        )
    op.execute(
        f"CREATE TRIGGER tool_locker_held BEFORE INSERT ON tool_locker WHEN {_IS_HELD} "
        "BEGIN SELECT RAISE(ABORT, 'a contract holds the locker'); END"
    )


def _guard_postgresql() -> None:
    op.execute(
        "ALTER TABLE loan_item ADD CONSTRAINT ex_loan_item_overlap EXCLUDE USING gist ("
        "int8range(hashtextextended(tool_id, 0), hashtextextended(tool_id, 0), '[]') WITH &&, "
        "int8range(from_at, until_at) WITH &&)"
    )
    for name, table, when, refused, why in (
        ("holding_tool_locker", "holding", "INSERT OR UPDATE", _LENDS_TOOLS, "the locker lends tools"),
        ("tool_locker_held", "tool_locker", "INSERT", _IS_HELD, "a contract holds the locker"),
    ):
        empty = "NEW.from_at < NEW.until_at AND " if table == "holding" else ""
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF {empty}{refused} THEN RAISE integrity_constraint_violation USING MESSAGE = '{why}'; END IF; "
            "RETURN NEW; END $$"
        )
        op.execute(f"CREATE TRIGGER {name} BEFORE {when} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")


def _members() -> None:
    op.create_table(
        "membership",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("scheme_id", sa.String(length=36), nullable=False),
        sa.Column("site_id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=False),
        sa.Column("signed_at", sa.BigInteger(), nullable=False),
        sa.Column("signed_by", sa.String(length=64), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_why", sa.String(length=64), nullable=True),
        sa.CheckConstraint("from_at < until_at", name=op.f("ck_membership_begins_before_it_ends")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_membership_person_id")),
        sa.ForeignKeyConstraint(["scheme_id"], ["scheme.id"], name=op.f("fk_membership_scheme_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_membership_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
    )
    op.create_index(op.f("ix_membership_person_id"), "membership", ["person_id"], unique=False)
    op.create_index(op.f("ix_membership_scheme_id"), "membership", ["scheme_id"], unique=False)
    op.create_index(
        "uq_membership_open",
        "membership",
        ["scheme_id", "person_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "tool_locker",
        sa.Column("locker_id", sa.String(length=36), nullable=False),
        sa.Column("scheme_id", sa.String(length=36), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["locker_id"], ["locker.id"], name=op.f("fk_tool_locker_locker_id")),
        sa.ForeignKeyConstraint(["scheme_id"], ["scheme.id"], name=op.f("fk_tool_locker_scheme_id")),
        sa.PrimaryKeyConstraint("locker_id", name=op.f("pk_tool_locker")),
    )
    op.create_index(op.f("ix_tool_locker_scheme_id"), "tool_locker", ["scheme_id"], unique=False)


def _catalogue() -> None:
    op.create_table(
        "tool",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("scheme_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("care", sa.String(length=1000), nullable=True),
        sa.Column("value_cents", sa.Integer(), nullable=True),
        sa.Column("condition", sa.String(length=64), nullable=False),
        sa.Column("locker_id", sa.String(length=36), nullable=True),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
        sa.Column("retired_why", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["locker_id"], ["locker.id"], name=op.f("fk_tool_locker_id")),
        sa.ForeignKeyConstraint(["scheme_id"], ["scheme.id"], name=op.f("fk_tool_scheme_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tool")),
        sa.UniqueConstraint("scheme_id", "number", name=op.f("uq_tool_scheme_id_number")),
    )
    op.create_table(
        "kit",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("scheme_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["scheme_id"], ["scheme.id"], name=op.f("fk_kit_scheme_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kit")),
        sa.UniqueConstraint("scheme_id", "name", name=op.f("uq_kit_scheme_id_name")),
    )
    op.create_table(
        "kit_tool",
        sa.Column("kit_id", sa.String(length=36), nullable=False),
        sa.Column("tool_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(["kit_id"], ["kit.id"], name=op.f("fk_kit_tool_kit_id")),
        sa.ForeignKeyConstraint(["tool_id"], ["tool.id"], name=op.f("fk_kit_tool_tool_id")),
        sa.PrimaryKeyConstraint("kit_id", "tool_id", name=op.f("pk_kit_tool")),
    )
    op.create_index(op.f("ix_kit_tool_tool_id"), "kit_tool", ["tool_id"], unique=False)
    op.create_table(
        "consumable",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("scheme_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("stock", sa.Integer(), nullable=False),
        sa.Column("low_at", sa.Integer(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("stock >= 0", name=op.f("ck_consumable_not_below_nothing")),
        sa.ForeignKeyConstraint(["scheme_id"], ["scheme.id"], name=op.f("fk_consumable_scheme_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consumable")),
        sa.UniqueConstraint("scheme_id", "name", name=op.f("uq_consumable_scheme_id_name")),
    )


def _projects() -> None:
    op.create_table(
        "project",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("membership_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("surface_dm2", sa.Integer(), nullable=True),
        sa.Column("cost_cents", sa.Integer(), nullable=True),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("started_on", sa.Date(), nullable=True),
        sa.Column("finished_on", sa.Date(), nullable=True),
        sa.Column("support_ended_on", sa.Date(), nullable=True),
        sa.Column("cancelled_at", sa.BigInteger(), nullable=True),
        sa.Column("cancelled_why", sa.String(length=64), nullable=True),
        sa.Column("added_by", sa.String(length=64), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("cost_cents >= 0", name=op.f("ck_project_costs_nothing_or_more")),
        sa.CheckConstraint("finished_on >= started_on", name=op.f("ck_project_finished_after_started")),
        sa.CheckConstraint(
            "finished_on IS NULL OR cancelled_at IS NULL", name=op.f("ck_project_finished_or_cancelled")
        ),
        sa.CheckConstraint(
            "finished_on IS NULL OR started_on IS NOT NULL", name=op.f("ck_project_started_before_finished")
        ),
        sa.CheckConstraint("surface_dm2 > 0", name=op.f("ck_project_has_a_surface")),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=op.f("fk_project_membership_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project")),
    )
    op.create_index(op.f("ix_project_membership_id"), "project", ["membership_id"], unique=False)
    op.create_table(
        "condition_decision",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("membership_id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=True),
        sa.Column("condition", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=64), nullable=False),
        sa.Column("exception", sa.String(length=64), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.String(length=64), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(outcome = 'excepted') = (exception IS NOT NULL)",
            name=op.f("ck_condition_decision_an_exception_has_its_reason"),
        ),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=op.f("fk_condition_decision_membership_id")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_condition_decision_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_condition_decision")),
    )
    op.create_index(op.f("ix_condition_decision_membership_id"), "condition_decision", ["membership_id"], unique=False)
    op.create_index(op.f("ix_condition_decision_project_id"), "condition_decision", ["project_id"], unique=False)


def _loans() -> None:
    op.create_table(
        "loan",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("membership_id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=True),
        sa.Column("kit_id", sa.String(length=36), nullable=True),
        sa.Column("locker_id", sa.String(length=36), nullable=True),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("extensions", sa.Integer(), nullable=False),
        sa.Column("over_limit", sa.String(length=64), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("planned_by", sa.String(length=64), nullable=False),
        sa.Column("planned_at", sa.BigInteger(), nullable=False),
        sa.Column("taken_by", sa.String(length=64), nullable=True),
        sa.Column("taken_at", sa.BigInteger(), nullable=True),
        sa.Column("returned_by", sa.String(length=64), nullable=True),
        sa.Column("returned_at", sa.BigInteger(), nullable=True),
        sa.Column("checked_by", sa.String(length=64), nullable=True),
        sa.Column("checked_at", sa.BigInteger(), nullable=True),
        sa.Column("cancelled_by", sa.String(length=64), nullable=True),
        sa.Column("cancelled_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("from_at < due_at", name=op.f("ck_loan_due_after_it_begins")),
        sa.CheckConstraint("returned_at IS NULL OR taken_at IS NOT NULL", name=op.f("ck_loan_taken_before_returned")),
        sa.CheckConstraint("taken_at IS NULL OR cancelled_at IS NULL", name=op.f("ck_loan_taken_or_cancelled")),
        sa.ForeignKeyConstraint(["kit_id"], ["kit.id"], name=op.f("fk_loan_kit_id")),
        sa.ForeignKeyConstraint(["locker_id"], ["locker.id"], name=op.f("fk_loan_locker_id")),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=op.f("fk_loan_membership_id")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_loan_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loan")),
    )
    op.create_index("ix_loan_due_at", "loan", ["due_at"], unique=False)
    op.create_index(op.f("ix_loan_locker_id"), "loan", ["locker_id"], unique=False)
    op.create_index(op.f("ix_loan_membership_id"), "loan", ["membership_id"], unique=False)
    op.create_index(op.f("ix_loan_project_id"), "loan", ["project_id"], unique=False)
    op.create_table(
        "loan_item",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("loan_id", sa.String(length=36), nullable=False),
        sa.Column("tool_id", sa.String(length=36), nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=True),
        sa.Column("returned_at", sa.BigInteger(), nullable=True),
        sa.Column("condition", sa.String(length=64), nullable=True),
        sa.CheckConstraint("from_at <= until_at", name=op.f("ck_loan_item_begins_before_it_ends")),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.id"], name=op.f("fk_loan_item_loan_id")),
        sa.ForeignKeyConstraint(["tool_id"], ["tool.id"], name=op.f("fk_loan_item_tool_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loan_item")),
        sa.UniqueConstraint("loan_id", "tool_id", name=op.f("uq_loan_item_loan_id_tool_id")),
    )
    op.create_index("ix_loan_item_tool_id_from_at", "loan_item", ["tool_id", "from_at"], unique=False)
    op.create_index(
        "uq_loan_item_out",
        "loan_item",
        ["tool_id"],
        unique=True,
        sqlite_where=sa.text("taken_at IS NOT NULL AND returned_at IS NULL"),
        postgresql_where=sa.text("taken_at IS NOT NULL AND returned_at IS NULL"),
    )
    op.create_table(
        "movement",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("loan_id", sa.String(length=36), nullable=False),
        sa.Column("epoch", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("release", sa.String(length=64), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.id"], name=op.f("fk_movement_loan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_movement")),
        sa.UniqueConstraint("loan_id", "epoch", "seq", name=op.f("uq_movement_loan_id_epoch_seq")),
    )
    op.create_index("ix_movement_release", "movement", ["release"], unique=False)
    op.create_table(
        "reminder",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("loan_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("how", sa.String(length=64), nullable=False),
        sa.Column("told_by", sa.String(length=64), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.id"], name=op.f("fk_reminder_loan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder")),
        sa.UniqueConstraint("loan_id", "kind", "due_at", name=op.f("uq_reminder_loan_id_kind_due_at")),
    )
    op.create_table(
        "stock_move",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("consumable_id", sa.String(length=36), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("why", sa.String(length=64), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=True),
        sa.Column("loan_id", sa.String(length=36), nullable=True),
        sa.Column("cents", sa.Integer(), nullable=True),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity <> 0", name=op.f("ck_stock_move_changes_something")),
        sa.ForeignKeyConstraint(["consumable_id"], ["consumable.id"], name=op.f("fk_stock_move_consumable_id")),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.id"], name=op.f("fk_stock_move_loan_id")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_stock_move_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_move")),
    )
    op.create_index(op.f("ix_stock_move_consumable_id"), "stock_move", ["consumable_id"], unique=False)
    op.create_index(op.f("ix_stock_move_loan_id"), "stock_move", ["loan_id"], unique=False)
    op.create_index(op.f("ix_stock_move_project_id"), "stock_move", ["project_id"], unique=False)


def _actions() -> None:
    op.create_table(
        "collective_action",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("scheme_id", sa.String(length=36), nullable=False),
        sa.Column("site_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("added_by", sa.String(length=64), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("cancelled_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_collective_action_starts_before_it_ends")),
        sa.ForeignKeyConstraint(["scheme_id"], ["scheme.id"], name=op.f("fk_collective_action_scheme_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_collective_action_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collective_action")),
    )
    op.create_index(
        "ix_collective_action_scheme_id_starts_at", "collective_action", ["scheme_id", "starts_at"], unique=False
    )
    op.create_table(
        "attendance",
        sa.Column("action_id", sa.String(length=36), nullable=False),
        sa.Column("membership_id", sa.String(length=36), nullable=False),
        sa.Column("presence", sa.String(length=64), nullable=False),
        sa.Column("recorded_by", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["action_id"], ["collective_action.id"], name=op.f("fk_attendance_action_id")),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=op.f("fk_attendance_membership_id")),
        sa.PrimaryKeyConstraint("action_id", "membership_id", name=op.f("pk_attendance")),
    )
    op.create_index(op.f("ix_attendance_membership_id"), "attendance", ["membership_id"], unique=False)
