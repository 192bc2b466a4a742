"""One controller's health in plain words: heard when, on which list, what is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway.events.models import RARE, Event
from gateway.fleet.faults import told
from gateway.ingest.models import Quarantine
from gateway.lockers import wall
from gateway.lockers.wall import BankView
from gateway.web import formats
from gateway.web.i18n import N_
from gateway.web.visit import Visit
from gateway.web.words import Word
from wire.hours import site_zone
from wire.messages import Health

_CONNECTED = Word(N_("Connected"), "check", "good")
_FAULTY = Word(N_("Connected, with faults"), "forced", "late")
_OFFLINE = Word(N_("Offline"), "offline", "alarm")
_WAITING = Word(N_("Waits for a decision"), "forced", "alarm")
_NOT_JOINED = Word(N_("No controller"), "info", "still")
# What says that a card was copied or put back, or that two devices have one key; and how long a page says so.
_DOUBLED = ("epoch_link_broken", "session_conflict")
DOUBLED_SHOWN_MS = 7 * 86_400_000
_CLOCKS = {
    "trusted": N_("right"),
    "claimed": N_("not confirmed"),
    "floor": N_("not known"),
}


@dataclass(frozen=True)
class BlockHealth:
    """What the page of a block shows; `faults` is None where nothing is heard of them."""

    id: str
    code: str
    label: str
    site: str
    url: str
    wall_url: str
    linked: bool
    zone: ZoneInfo
    word: Word
    waiting_for_reconciliation: bool
    heard_at: int | None
    list_in_force: int
    list_current: bool
    list_since: int | None
    faults: Sequence[str] | None
    measures: Sequence[tuple[str, str]]
    quarantine: int
    doubled: bool


def blocks_shown(visit: Visit, session: Session, bank_id: str = "") -> list[BlockHealth]:
    """Every block at which whoever asks has a role, or the one of `bank_id`."""
    counted = session.execute(select(Quarantine.bank_id, func.count()).group_by(Quarantine.bank_id))
    set_aside = {bank: count for bank, count in counted}
    doubled = set(
        session.scalars(
            select(Event.bank_id).where(
                RARE, Event.kind.in_(_DOUBLED), Event.received_at > visit.now - DOUBLED_SHOWN_MS
            )
        )
    )
    return [
        _shown(visit, session, bank, set_aside.get(bank.id, 0), bank.id in doubled, linked=not bank_id)
        for bank in wall.banks(session, visit.heard, organisation_id=visit.organisation_id)
        if bank_id in ("", bank.id)
    ]


def _shown(
    visit: Visit, session: Session, bank: BankView, quarantine: int, doubled: bool, *, linked: bool
) -> BlockHealth:
    health = visit.presence.health_of(bank.id) if bank.online else None
    faults = told(visit, session, bank.id, health.faults) if health else None
    return BlockHealth(
        id=f"h-{bank.id}",
        code=bank.id,
        label=bank.name,
        site=bank.site,
        url=f"/blocks/{bank.id}",
        wall_url=f"/?block={bank.id}",
        linked=linked,
        zone=site_zone(bank.zone),
        word=_word(bank, bool(faults)),
        waiting_for_reconciliation=bank.held,
        heard_at=visit.heard_at(bank),
        list_in_force=bank.list_in_force,
        list_current=not bank.pending,
        list_since=bank.list_in_force_since,
        faults=faults,
        measures=_measures(visit, health) if health else [],
        quarantine=quarantine,
        doubled=doubled,
    )


def _word(bank: BankView, faulty: bool) -> Word:
    if not bank.joined:
        return _NOT_JOINED
    if not bank.online:
        return _OFFLINE
    if bank.held:
        return _WAITING
    return _FAULTY if faulty else _CONNECTED


def _measures(visit: Visit, health: Health) -> list[tuple[str, str]]:
    found = [(visit.say("Clock"), visit.say(_CLOCKS.get(health.clock, health.clock)))]
    if health.disk_free_mb is not None:
        found.append((visit.say("Free disk space"), formats.megabytes(health.disk_free_mb, visit.language)))
    if health.temperature_decicelsius is not None:
        found.append((visit.say("Temperature"), f"{health.temperature_decicelsius / 10:.0f}\u00a0°C"))
    found.append((visit.say("Entries waiting to be sent"), str(health.queue)))
    return found
