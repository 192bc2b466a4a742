"""What happened at a locker lately: decisions, remote openings and faults. Never who came when: no trail."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.access.commands import state_of
from gateway.access.grants import BADGE_TAIL
from gateway.access.models import CommandRecord
from gateway.access.words import SERVICE_REASONS
from gateway.badges.models import Badge
from gateway.events.service import FeedItem, latest_events
from gateway.incidents.override_key import explanations
from gateway.lockers.models import Bank
from gateway.staff.service import names_of
from gateway.web import words
from gateway.web.i18n import N_
from gateway.web.in_force import TITLES, said
from gateway.web.visit import Visit
from wire.access_list import LEASED_KINDS
from wire.hours import site_zone

SHOWN = 8
LOOKED_THROUGH = 100
_FAULTS = {
    "door_forced": ("forced", N_("Forced")),
    "door_left_open": ("open_too_long", N_("Open too long")),
    "tamper": ("forced", N_("Tampered with")),
    "not_opened": ("jammed", N_("Jammed")),
    "wrong_door": ("forced", N_("Opened instead of another")),
    "sensor_fault": ("forced", N_("Door sensor faulty")),
    "sensor_recovered": ("check", N_("Door sensor works again")),
    "out_of_service": ("out_of_service", N_("Out of service")),
    "in_service": ("check", N_("In service again")),
    "breach_seen": ("check", N_("Noted as seen.")),
    "locker_look_withdrawn": ("task", N_("To be looked at again")),
    "locker_used_unknown": ("task", N_("Used by somebody who is not known here: to be looked into")),
}
# What became of an order by which no door was opened, as far as the bank has said.
_NOT_DONE = {
    "refused": N_("Refused by the block"),
    "expired": N_("Not carried out"),
    "failed": N_("The lock did not answer"),
    "no_answer": N_("No answer"),
}
_ON_SITE = {"commissioning": N_("Commissioning")}
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
    declared = _declared(visit, session, items)
    zone = site_zone(session.get_one(Bank, bank_id).site.zone)
    found = [declared.get(item.id) or _event(visit, session, item, zone) for item in items]
    found += _openings(visit, session, bank_id, number)
    found += _at_the_door(visit, session, bank_id, number)
    return sorted(found, key=lambda one: -one.at)[:SHOWN]


def _declared(visit: Visit, session: Session, items: Sequence[FeedItem]) -> dict[int, Happening]:
    """Forced doors that someone has explained: the entry stays, and who used the override key stands beside it."""
    forced = explanations(session, [item for item in items if item.kind == "door_forced"])
    uses = {one.entry.id: (one.entry, one.explained_by) for one in forced if one.explained_by}
    names = names_of(session, [use.declared_by for _entry, use in uses.values()])
    return {
        number: Happening(
            entry.at,
            "forced",
            visit.say(
                "Forced: override key, as %(who)s declared (%(reason)s)",
                who=names.get(use.declared_by, "–"),
                reason=visit.say(words.KEY_REASONS.get(use.reason) or words.OPEN_REASONS.get(use.reason, ("–", ""))[0]),
            ),
        )
        for number, (entry, use) in uses.items()
    }


def _event(visit: Visit, session: Session, item: FeedItem, zone: ZoneInfo) -> Happening:
    if item.body.get("code") == "ajar":
        return Happening(item.at, "open", visit.say("Not locked"))
    if item.kind == "tamper" and item.body.get("active") is False:
        return Happening(item.at, "check", visit.say("No longer tampered with"))
    if item.kind not in _FAULTS:
        return Happening(item.at, "info", said(visit, item.kind, item.body, zone))
    icon, text = _FAULTS[item.kind]
    more = _ordered(visit, session, item) if item.kind in ("out_of_service", "in_service") else []
    return Happening(item.at, icon, " · ".join([visit.say(text), *more]))


def _ordered(visit: Visit, session: Session, item: FeedItem) -> list[str]:
    """Why a locker was taken out of service, and by whom it was, or was put back."""
    why = SERVICE_REASONS.get(str(item.body.get("reason")))
    order = session.get(CommandRecord, str(item.body.get("command")))
    who = names_of(session, [order.requested_by]).get(order.requested_by) if order else None
    return ([visit.say(why)] if why else []) + ([visit.say("by %(name)s", name=who)] if who else [])


def _openings(visit: Visit, session: Session, bank_id: str, number: int) -> list[Happening]:
    """Remote openings with their reason and author, and those that came to nothing: the holder may ask to see them."""
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
    found = []
    for command in commands:
        text = visit.say(
            "Remote opening by %(who)s: %(reason)s",
            who=names.get(command.requested_by, "–"),
            reason=visit.say(words.OPEN_REASONS.get(command.reason, (command.reason, ""))[0]),
        )
        not_done = _NOT_DONE.get(state_of(command, visit.clock()))
        outcome = [visit.say(not_done)] if not_done else []
        found.append(Happening(command.requested_at, "open", " · ".join([text, *outcome])))
    return found


def _at_the_door(visit: Visit, session: Session, bank_id: str, number: int) -> list[Happening]:
    """Openings by staff at the block itself: with a badge at the keypad, or a technician's with their tools."""
    items = latest_events(session, kinds=("release_intended",), bank_id=bank_id, locker=number, limit=LOOKED_THROUGH)
    found = []
    for item in items:
        if item.body.get("origin") == "on_site":
            reason = str(item.body.get("reason", ""))
            text = visit.say(
                "Opened on the spot by a technician: %(reason)s",
                reason=visit.say(_ON_SITE.get(reason) or words.OPEN_REASONS.get(reason, (reason, ""))[0]),
            )
        elif item.body.get("kind") in LEASED_KINDS:
            text = visit.say("Opened with the badge of %(who)s", who=_staff_of(session, str(item.body.get("grant"))))
        else:
            continue
        found.append(Happening(item.at, "open", text))
    return found


def _staff_of(session: Session, grant: str) -> str:
    """The name behind a staff grant (`staff-<end of the badge's id>-<part>`), as access/grants.py makes it."""
    tail = grant.removeprefix("staff-").rpartition("-")[0]
    if len(tail) != BADGE_TAIL:
        return "–"
    staff_id = session.scalar(select(Badge.staff_id).where(Badge.id.endswith(tail, autoescape=True)).limit(1))
    return "–" if staff_id is None else names_of(session, [staff_id]).get(staff_id, "–")
