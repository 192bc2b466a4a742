"""Badges: a digest, whose it is, and when it stopped counting. Raw numbers are never stored."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from gateway.db import Base, Code, Id, Instant, OptionalInstant
from gateway.privacy.fields import EncryptedText

_ALIVE = text("revoked_at IS NULL")


class Badge(Base):
    """One badge at one site, digested with the site's key; a stock badge belongs to nobody yet.

    `printed` is the short number on a stock badge, one alive of each at a site; `replaces_id` the badge it came after.
    `pin` is the keyed hash of what is typed after it, if anything is. A live digest exists once a site, and a badge has
    one owner at most, so it cannot be in use elsewhere.
    """

    __tablename__ = "badge"
    __table_args__ = (
        Index(
            "uq_badge_live_digest",
            "site_id",
            "digest",
            unique=True,
            sqlite_where=_ALIVE,
            postgresql_where=_ALIVE,
        ),
        Index("uq_badge_live_printed", "site_id", "printed", unique=True, sqlite_where=_ALIVE, postgresql_where=_ALIVE),
        CheckConstraint("person_id IS NULL OR staff_id IS NULL", name="one_owner"),
        CheckConstraint("trusted_id IS NULL OR (person_id IS NULL AND staff_id IS NULL)", name="trusted_alone"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    site_id: Mapped[Id] = mapped_column(ForeignKey("site.id"))
    key_id: Mapped[Code]
    digest: Mapped[str] = mapped_column(String(32), index=True)
    label: Mapped[str] = mapped_column(String(64))
    technology: Mapped[str | None] = mapped_column(String(16))
    person_id: Mapped[str | None] = mapped_column(ForeignKey("person.id"), index=True)
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"), index=True)
    trusted_id: Mapped[str | None] = mapped_column(ForeignKey("trusted_person.id"), index=True)
    registered_at: Mapped[Instant]
    given_at: Mapped[OptionalInstant]
    valid_until: Mapped[OptionalInstant]
    revoked_at: Mapped[OptionalInstant]
    revoked_why: Mapped[str | None] = mapped_column(String(32))
    pin: Mapped[str | None] = mapped_column(String(32))
    printed: Mapped[str | None] = mapped_column(String(16))
    replaces_id: Mapped[str | None] = mapped_column(ForeignKey("badge.id"))


class Recognition(Base):
    """How staff recognised whom they gave a badge to: no identity card is asked for, so it is written down."""

    __tablename__ = "recognition"

    badge_id: Mapped[Id] = mapped_column(ForeignKey("badge.id"), primary_key=True)
    how: Mapped[Code]
    note: Mapped[str | None] = mapped_column(EncryptedText("recognition.note"))
    staff_id: Mapped[Code]
    at: Mapped[Instant]
