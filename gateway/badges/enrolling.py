"""Enrolling at the bank: it is asked to report the next badge that it does not know, and that one is registered."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.access import commands
from gateway.access.models import CommandRecord
from gateway.badges import service
from gateway.badges.models import Badge
from gateway.errors import ConflictError, NotFoundError
from gateway.lockers.service import bank_of

# Long enough to walk to the reader, short enough that nobody else's badge is taken by mistake.
WAIT_S = 60


def ask(session: Session, orders: commands.Orders, bank_id: str, *, actor: str, now: int) -> CommandRecord:
    """Raises NotFoundError (`bank`, `controller`), OfflineError (`offline`, `held`)."""
    bank_of(session, bank_id)
    return commands.order(
        session, orders, bank_id=bank_id, kind="enrol", args={"seconds": WAIT_S}, reason="enrolment", actor=actor,
        now=now,
    )  # fmt: skip


def take(session: Session, command_id: str, *, label: str, person_id: str | None = None, actor: str, now: int) -> Badge:
    """Registers the badge that was presented; without a person it is stock and `label` its printed number.

    Raises NotFoundError (`command`), ConflictError (`not_presented`; `badge_revoked` since it was
    presented), and as badges.service.register.
    """
    command = commands.latest_of(session, command_id)
    if command.kind != "enrol":
        raise NotFoundError("command", "that order asked for no badge")
    if command.digest is None or command.key_id is None:
        raise ConflictError("not_presented", "no badge has been presented yet")
    site_id = bank_of(session, command.bank_id).site_id
    taken = select(Badge.id).where(
        Badge.site_id == site_id, Badge.digest == command.digest, Badge.registered_at >= command.requested_at,
        Badge.revoked_at.is_not(None),
    )  # fmt: skip
    if session.scalar(taken.limit(1)) is not None:
        raise ConflictError("badge_revoked", "the badge that was presented has been blocked since: present another one")
    return service.register(
        session, site_id=site_id, key_id=command.key_id, digest=command.digest,
        label=label, person_id=person_id, actor=actor, now=now,
    )  # fmt: skip
