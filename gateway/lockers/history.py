"""What happened at a locker lately: decisions, remote openings and faults. Never who came when: no trail."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.access.models import CommandRecord
from gateway.events.service import FeedItem, latest_events
from gateway.staff.service import names_of
from gateway.web import words
from gateway.web.i18n import N_
from gateway.web.in_force import TITLES
from gateway.web.visit import Visit

SHOWN = 8
_FAULTS = {
    "door_forced": ("forced", N_("Forced")),
    "door_left_open": ("open_too_long", N_("Open too long")),
    "not_opened": ("jammed", N_("Jammed")),
    "wrong_door": ("forced", N_("Opened instead of another")),
    "sensor_fault": ("forced", N_("Door sensor faulty")),
    "sensor_recovered": ("check", N_("Door sensor works again")),
    "out_of_service": ("out_of_service", N_("Out of service")),
    "in_service": ("check", N_("In service again")),
    "breach_seen": ("check", N_("Noted as seen.")),
}
_DECISIONS = tuple(kind for kind in TITLES if not kind.startswith("badge_"))


@dataclass(frozen=True)
class Happening:
    """One line: when, and what."""

    at: int
    icon: str
    text: str


def lately(visit: Visit, session: Session, bank_id: str, number: int) -> list[Happening]:
    """The newest first."""
    kinds = (*_FAULTS, *_DECISIONS)
    items = latest_events(session, kinds=kinds, bank_id=bank_id, locker=number, limit=SHOWN)
    found = [_event(visit, item) for item in items] + _openings(visit, session, bank_id, number)
    return sorted(found, key=lambda one: -one.at)[:SHOWN]


def _event(visit: Visit, item: FeedItem) -> Happening:
    icon, text = _FAULTS.get(item.kind) or ("info", TITLES[item.kind])
    return Happening(item.at, icon, visit.say(text))


def _openings(visit: Visit, session: Session, bank_id: str, number: int) -> list[Happening]:
    """Remote openings with their reason and author: the holder may ask to see them."""
    commands = session.scalars(
        select(CommandRecord)
        .where(
            CommandRecord.bank_id == bank_id,
            CommandRecord.locker == number,
            CommandRecord.kind == "open",
            CommandRecord.replaced_by.is_(None),
        )
        .order_by(CommandRecord.requested_at.desc())
        .limit(SHOWN)
    ).all()
    names = names_of(session, [command.requested_by for command in commands])
    return [
        Happening(
            command.requested_at,
            "open",
            visit.say(
                "Remote opening by %(who)s: %(reason)s",
                who=names.get(command.requested_by, "–"),
                reason=visit.say(words.OPEN_REASONS.get(command.reason, (command.reason, ""))[0]),
            ),
        )
        for command in commands
    ]
