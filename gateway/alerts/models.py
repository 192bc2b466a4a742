"""Where alerts go, what there was to tell, and what became of telling it."""

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from gateway.db import Base, Code, Id, Instant, OptionalInstant
from gateway.privacy.fields import EncryptedText


class AlertChannel(Base):
    """One address of people who can act, for one site or for all.

    `address` is an apprise URL (e-mail, an SMS gateway, a chat) and holds a secret. `kinds` are told; of these,
    `urgent` ones also in quiet hours, which are minutes of the day in `zone`, from `quiet_from` until `quiet_until`.
    """

    __tablename__ = "alert_channel"
    __table_args__ = (
        CheckConstraint("(quiet_from IS NULL) = (quiet_until IS NULL)", name="quiet_hours_have_both_ends"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    site_id: Mapped[str | None] = mapped_column(ForeignKey("site.id"), index=True)
    label: Mapped[str] = mapped_column(String(100))
    address: Mapped[str] = mapped_column(EncryptedText("alert_channel.address"))
    language: Mapped[str] = mapped_column(String(8))
    zone: Mapped[Code]
    kinds: Mapped[list[str]] = mapped_column(JSON)
    urgent: Mapped[list[str]] = mapped_column(JSON)
    quiet_from: Mapped[int | None]
    quiet_until: Mapped[int | None]
    created_at: Mapped[Instant]
    disabled_at: Mapped[OptionalInstant]


class Alert(Base):
    """One thing worth telling, once. Codes, blocks and door numbers; never a person.

    `key` says which occasion it is; of one `subject` (what, where) at most one alert is not over. `over_at`: it needs
    nobody any more.
    """

    __tablename__ = "alert"
    __table_args__ = (
        Index(
            "uq_alert_one_of_a_subject",
            "subject",
            unique=True,
            sqlite_where=text("over_at IS NULL"),
            postgresql_where=text("over_at IS NULL"),
        ),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)
    subject: Mapped[str] = mapped_column(String(200))
    kind: Mapped[Code]
    site_id: Mapped[Id] = mapped_column(ForeignKey("site.id"), index=True)
    bank_id: Mapped[str | None] = mapped_column(ForeignKey("bank.id"))
    locker: Mapped[int | None]
    since: Mapped[Instant]
    raised_at: Mapped[Instant]
    over_at: Mapped[OptionalInstant]


class AlertCursor(Base):
    """The event up to which the feed was looked through; one row."""

    __tablename__ = "alert_cursor"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    event_id: Mapped[int] = mapped_column(BigInteger)


class AlertDelivery(Base):
    """One alert on its way to one address: tried from `due_at`, then sent, given up or not needed any more.

    `due_at` is also the lease of whoever is sending it now.
    """

    __tablename__ = "alert_delivery"
    __table_args__ = (
        UniqueConstraint("alert_id", "channel_id"),
        Index("ix_alert_delivery_state_due_at", "state", "due_at"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    alert_id: Mapped[Id] = mapped_column(ForeignKey("alert.id"))
    channel_id: Mapped[Id] = mapped_column(ForeignKey("alert_channel.id"), index=True)
    state: Mapped[Code]
    due_at: Mapped[Instant]
    attempts: Mapped[int] = mapped_column(default=0)
    settled_at: Mapped[OptionalInstant]
