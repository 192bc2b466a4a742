"""Tables of the tool library: members, catalogue, loans and what the doors say of them. The rest: project_models.py."""

from datetime import date
from typing import Annotated

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from gateway.db import Base, Code, Id, Instant, OptionalInstant
from gateway.lockers.models import Locker, Site
from gateway.people.models import Person
from gateway.privacy.fields import EncryptedText
from gateway.schemes.models import Scheme
from gateway.schemes.terms import Terms, TermsColumn

OptionalCode = Annotated[str | None, mapped_column(String(64))]
_OPEN = text("ended_at IS NULL")
_OUT = text("taken_at IS NOT NULL AND returned_at IS NULL")


class Membership(Base):
    """The contract a person signs with a tool library: [from_at, until_at) in days of its site, renewed or ended.

    `terms` are those of the scheme on the day it was signed. One at a time for each person and scheme.
    """

    __tablename__ = "membership"
    __table_args__ = (
        CheckConstraint("from_at < until_at", name="begins_before_it_ends"),
        Index(
            "uq_membership_open", "scheme_id", "person_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN
        ),
    )  # fmt: skip

    id: Mapped[Id] = mapped_column(primary_key=True)
    scheme_id: Mapped[Id] = mapped_column(ForeignKey("scheme.id"), index=True)
    site_id: Mapped[Id] = mapped_column(ForeignKey("site.id"))
    person_id: Mapped[Id] = mapped_column(ForeignKey("person.id"), index=True)
    terms: Mapped[Terms] = mapped_column(TermsColumn)
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    from_at: Mapped[Instant]
    until_at: Mapped[Instant]
    signed_at: Mapped[Instant]
    signed_by: Mapped[Code]
    ended_at: Mapped[OptionalInstant]
    ended_why: Mapped[OptionalCode]

    person: Mapped[Person] = relationship(lazy="joined", innerjoin=True)
    scheme: Mapped[Scheme] = relationship(lazy="joined", innerjoin=True)
    site: Mapped[Site] = relationship(lazy="joined", innerjoin=True)


class ToolLocker(Base):
    """A locker from which a tool library lends; no contract holds it (migration 0015 refuses both)."""

    __tablename__ = "tool_locker"

    locker_id: Mapped[Id] = mapped_column(ForeignKey("locker.id"), primary_key=True)
    scheme_id: Mapped[Id] = mapped_column(ForeignKey("scheme.id"), index=True)
    since: Mapped[Instant]

    locker: Mapped[Locker] = relationship(lazy="joined", innerjoin=True)


class Tool(Base):
    """One thing that is lent, by the number on it; `condition` is what was last seen of it (codes.py)."""

    __tablename__ = "tool"
    __table_args__ = (UniqueConstraint("scheme_id", "number"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    scheme_id: Mapped[Id] = mapped_column(ForeignKey("scheme.id"))
    number: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(200))
    care: Mapped[str | None] = mapped_column(String(1000))
    value_cents: Mapped[int | None]
    condition: Mapped[Code]
    locker_id: Mapped[str | None] = mapped_column(ForeignKey("locker.id"))
    added_at: Mapped[Instant]
    retired_at: Mapped[OptionalInstant]
    retired_why: Mapped[OptionalCode]


class Kit(Base):
    """Tools that are lent together."""

    __tablename__ = "kit"
    __table_args__ = (UniqueConstraint("scheme_id", "name"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    scheme_id: Mapped[Id] = mapped_column(ForeignKey("scheme.id"))
    name: Mapped[str] = mapped_column(String(200))
    added_at: Mapped[Instant]
    retired_at: Mapped[OptionalInstant]

    tools: Mapped[list[Tool]] = relationship(secondary="kit_tool", lazy="selectin", order_by="Tool.number")


class KitTool(Base):
    """A tool of a kit; it may be in several."""

    __tablename__ = "kit_tool"

    kit_id: Mapped[Id] = mapped_column(ForeignKey("kit.id"), primary_key=True)
    tool_id: Mapped[Id] = mapped_column(ForeignKey("tool.id"), primary_key=True, index=True)


class Consumable(Base):
    """What is used up, counted in `unit`; someone is alerted at `low_at` and below. Never less than nothing."""

    __tablename__ = "consumable"
    __table_args__ = (
        UniqueConstraint("scheme_id", "name"),
        CheckConstraint("stock >= 0", name="not_below_nothing"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    scheme_id: Mapped[Id] = mapped_column(ForeignKey("scheme.id"))
    name: Mapped[str] = mapped_column(String(200))
    unit: Mapped[str] = mapped_column(String(40))
    stock: Mapped[int]
    low_at: Mapped[int]
    added_at: Mapped[Instant]
    retired_at: Mapped[OptionalInstant]


class StockMove(Base):
    """A change of a stock by `quantity`, above or below 0, and the project or loan it was for."""

    __tablename__ = "stock_move"
    __table_args__ = (CheckConstraint("quantity <> 0", name="changes_something"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    consumable_id: Mapped[Id] = mapped_column(ForeignKey("consumable.id"), index=True)
    quantity: Mapped[int]
    why: Mapped[Code]
    project_id: Mapped[str | None] = mapped_column(ForeignKey("project.id"), index=True)
    loan_id: Mapped[str | None] = mapped_column(ForeignKey("loan.id"), index=True)
    cents: Mapped[int | None]
    actor: Mapped[Code]
    at: Mapped[Instant]


class Loan(Base):
    """Tools lent to one member from `from_at`, due at `due_at`; its state is derived (states.py), never stored.

    `taken_by` and `returned_by` are `badge` where the locker's door said so. `checked_at`: a librarian has seen the
    tools back. `over_limit`: why more was lent than the terms say. `extensions`: how often it became due later.
    """

    __tablename__ = "loan"
    __table_args__ = (
        CheckConstraint("from_at < due_at", name="due_after_it_begins"),
        CheckConstraint("returned_at IS NULL OR taken_at IS NOT NULL", name="taken_before_returned"),
        CheckConstraint("taken_at IS NULL OR cancelled_at IS NULL", name="taken_or_cancelled"),
        Index("ix_loan_due_at", "due_at"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    membership_id: Mapped[Id] = mapped_column(ForeignKey("membership.id"), index=True)
    project_id: Mapped[str | None] = mapped_column(ForeignKey("project.id"), index=True)
    kit_id: Mapped[str | None] = mapped_column(ForeignKey("kit.id"))
    locker_id: Mapped[str | None] = mapped_column(ForeignKey("locker.id"), index=True)
    from_at: Mapped[Instant]
    due_at: Mapped[Instant]
    extensions: Mapped[int] = mapped_column(default=0)
    over_limit: Mapped[OptionalCode]
    note: Mapped[str | None] = mapped_column(EncryptedText("loan.note"))
    planned_by: Mapped[Code]
    planned_at: Mapped[Instant]
    taken_by: Mapped[OptionalCode]
    taken_at: Mapped[OptionalInstant]
    returned_by: Mapped[OptionalCode]
    returned_at: Mapped[OptionalInstant]
    checked_by: Mapped[OptionalCode]
    checked_at: Mapped[OptionalInstant]
    cancelled_by: Mapped[OptionalCode]
    cancelled_at: Mapped[OptionalInstant]

    membership: Mapped[Membership] = relationship(lazy="joined", innerjoin=True)
    locker: Mapped[Locker | None] = relationship(lazy="joined")
    items: Mapped[list["LoanItem"]] = relationship(lazy="selectin", order_by="LoanItem.id")
    movements: Mapped[list["Movement"]] = relationship(lazy="selectin", order_by="Movement.at")


class LoanItem(Base):
    """One tool of a loan, promised in [from_at, until_at); `taken_at` without `returned_at`: it is out.

    The database refuses a second promise of one tool for the same time, and a second loan of a tool that is out.
    """

    __tablename__ = "loan_item"
    __table_args__ = (
        CheckConstraint("from_at <= until_at", name="begins_before_it_ends"),
        UniqueConstraint("loan_id", "tool_id"),
        Index("ix_loan_item_tool_id_from_at", "tool_id", "from_at"),
        Index("uq_loan_item_out", "tool_id", unique=True, sqlite_where=_OUT, postgresql_where=_OUT),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    loan_id: Mapped[Id] = mapped_column(ForeignKey("loan.id"))
    tool_id: Mapped[Id] = mapped_column(ForeignKey("tool.id"))
    from_at: Mapped[Instant]
    until_at: Mapped[Instant]
    taken_at: Mapped[OptionalInstant]
    returned_at: Mapped[OptionalInstant]
    condition: Mapped[OptionalCode]

    tool: Mapped[Tool] = relationship(lazy="joined", innerjoin=True)


class Movement(Base):
    """A release of the loan's locker by its member's badge, read as `taken`, `again` (same visit) or `returned`.

    It is a proposal until a librarian confirms or rejects it; `not_opened`: the door never moved.
    """

    __tablename__ = "movement"
    __table_args__ = (UniqueConstraint("loan_id", "epoch", "seq"), Index("ix_movement_release", "release"))

    id: Mapped[Id] = mapped_column(primary_key=True)
    loan_id: Mapped[Id] = mapped_column(ForeignKey("loan.id"))
    epoch: Mapped[str] = mapped_column(String(32))
    seq: Mapped[int] = mapped_column(BigInteger)
    release: Mapped[str | None] = mapped_column(String(64))
    at: Mapped[Instant]
    kind: Mapped[Code]
    state: Mapped[Code]
    decided_by: Mapped[OptionalCode]
    decided_at: Mapped[OptionalInstant]


class Reminder(Base):
    """Someone told the member that this loan is due soon, or was due, at `due_at`; once for each of them."""

    __tablename__ = "reminder"
    __table_args__ = (UniqueConstraint("loan_id", "kind", "due_at"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    loan_id: Mapped[Id] = mapped_column(ForeignKey("loan.id"))
    kind: Mapped[Code]
    due_at: Mapped[Instant]
    how: Mapped[Code]
    told_by: Mapped[Code]
    told_at: Mapped[Instant]
