"""One controller's health in plain words: heard when, on which list, what is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway.alerts.kinds import Kind
from gateway.alerts.models import Alert
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
_CLOCKS = {
    "trusted": N_("right"),
    "claimed": N_("not confirmed"),
    "floor": N_("not known"),
}


@dataclass(frozen=True)
class BlockHealth:
    """What the page of a block shows; `faults` is None where nothing is heard of them.

    `copied_since`: from then on it has shown that its card may be copied or restored, or its name used twice.
    """

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
    copied_since: int | None
    heard_at: int | None
    list_in_force: int
    list_current: bool
    list_since: int | None
    faults: Sequence[str] | None
    measures: Sequence[tuple[str, str]]
    quarantine: int


def blocks_shown(visit: Visit, session: Session, bank_id: str = "") -> list[BlockHealth]:
    """Every block at which whoever asks has a role, or the one of `bank_id`."""
    counted = session.execute(select(Quarantine.bank_id, func.count()).group_by(Quarantine.bank_id))
    set_aside = {bank: count for bank, count in counted}
    alerts = select(Alert.bank_id, Alert.since).where(Alert.kind == Kind.COPIED, Alert.over_at.is_(None))
    copied = {bank: since for bank, since in session.execute(alerts)}
    return [
        _shown(visit, session, bank, set_aside.get(bank.id, 0), copied.get(bank.id), linked=not bank_id)
        for bank in wall.banks(session, visit.heard, organisation_id=visit.organisation_id)
        if bank_id in ("", bank.id)
    ]


def _shown(
    visit: Visit, session: Session, bank: BankView, quarantine: int, copied_since: int | None, *, linked: bool
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
        copied_since=copied_since,
        heard_at=visit.heard_at(bank),
        list_in_force=bank.list_in_force,
        list_current=not bank.pending,
        list_since=bank.list_in_force_since,
        faults=faults,
        measures=_measures(visit, health) if health else [],
        quarantine=quarantine,
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
