"""Staff accounts, their sessions on this server, and the tokens programs use."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from gateway.db import Base, Code, Id, Instant, OptionalInstant


class Staff(Base):
    """One person who works here; `id` is the pseudonym that commands and the audit trail carry.

    Without an organisation the account sees every organisation's people, as whoever runs the gateway must.
    """

    __tablename__ = "staff"

    id: Mapped[Id] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(200), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[Code]
    organisation_id: Mapped[str | None] = mapped_column(ForeignKey("organisation.id"))
    language: Mapped[str] = mapped_column(String(8), default="fr")
    password_hash: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[Instant]
    disabled_at: Mapped[OptionalInstant]


class SignIn(Base):
    """One browser signed in. Only the hash of its cookie is kept."""

    __tablename__ = "sign_in"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    staff_id: Mapped[Id] = mapped_column(ForeignKey("staff.id"), index=True)
    csrf_token: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    ended_at: Mapped[OptionalInstant]


class ApiToken(Base):
    """A bearer token of the HTTP API, acting as one member of staff. Only its hash is kept."""

    __tablename__ = "api_token"

    id: Mapped[Id] = mapped_column(primary_key=True)
    staff_id: Mapped[Id] = mapped_column(ForeignKey("staff.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[Instant]
    revoked_at: Mapped[OptionalInstant]
