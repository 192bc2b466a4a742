"""The wall and a locker's state as staff see them: plain values in the reader's language."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from gateway.events import breaches
from gateway.events.service import FeedItem
from gateway.fleet.faults import of_the_block, told
from gateway.lockers import wall
from gateway.lockers.sight import sight_of
from gateway.lockers.wall import BankView, LockerView
from gateway.web import formats, words
from gateway.web.forms import Form
from gateway.web.i18n import N_
from gateway.web.visit import Visit
from wire.hours import site_zone

BREACHES_SHOWN = 3
# A wall of more lockers than this shows one place at a time; alarms come from all of them.
LOCKERS_AT_ONCE = 300
# States that say nothing of whether someone has the locker: the tile says that too.
_ALARMS = ("forced", "tampered", "jammed", "open_too_long", "ajar")
_DOOR_STATES = (*_ALARMS, "open", "offline", "out_of_service")
_FAULTS = {
    "sensor": N_("Door sensor faulty"),
    "latch_sensor": N_("Latch sensor faulty"),
    "wrong_door": N_("Opened instead of another"),
}
_ALWAYS_COUNTED = ("occupied", "free")


@dataclass(frozen=True)
class Note:
    """A second line of a tile."""

    icon: str
    text: str


@dataclass(frozen=True)
class Tile:
    """One door of the wall."""

    id: str
    number: int
    state: str
    url: str
    hidden: bool
    notes: Sequence[Note]


@dataclass(frozen=True)
class Block:
    """One bank of the wall; on screen it is a block."""

    id: str
    label: str
    url: str
    zone: ZoneInfo
    online: bool
    joined: bool
    heard_at: int | None
    pending: bool
    waiting_for_reconciliation: bool
    faults: Sequence[str]
    tiles: Sequence[Tile]


@dataclass(frozen=True)
class SiteShown:
    """One place with its blocks."""

    id: str
    name: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Count:
    """How many lockers are in a state; its link narrows the wall to them."""

    state: str
    number: int
    url: str
    chosen: bool


@dataclass(frozen=True)
class BreachShown:
    """An opening that should not have been, in a sentence."""

    id: int
    at: int
    number: int | None
    block: str
    zone: ZoneInfo
    text: str
    url: str
    seen_url: str


@dataclass(frozen=True)
class Narrowed:
    """What the wall is narrowed to; empty for everything."""

    site: str = ""
    block: str = ""
    state: str = ""

    def url(self, path: str = "/", **other: str) -> str:
        """The address of the wall narrowed like this, or with `other` values."""
        wanted = {"site": self.site, "block": self.block, "state": self.state, **other}
        query = urlencode({name: value for name, value in wanted.items() if value})
        return f"{path}?{query}" if query else path


@dataclass(frozen=True)
class Wall:
    """Everything the wall shows."""

    sites: Sequence[SiteShown]
    counts: Sequence[Count]
    breaches: Sequence[BreachShown]
    state: str
    all_url: str
    stream_url: str
    all_places: bool
    site_options: Sequence[tuple[str, str]]
    block_options: Sequence[tuple[str, str]]
    form: Form


def wall_shown(visit: Visit, session: Session, narrowed: Narrowed) -> Wall:
    """The wall as of now."""
    now, heard = visit.clock(), visit.heard
    every = wall.banks(session, heard, organisation_id=visit.organisation_id)
    alarmed = [bank.id for bank in every if narrowed.site in ("", bank.site_id) and narrowed.block in ("", bank.id)]
    sizes = wall.sizes(session, [bank.id for bank in every])
    if sum(sizes[bank] for bank in alarmed) > LOCKERS_AT_ONCE and narrowed.site == narrowed.block == "":
        narrowed = replace(narrowed, site=min(every, key=lambda bank: (bank.site, bank.site_id)).site_id)
    banks = [bank for bank in every if narrowed.site in ("", bank.site_id) and narrowed.block in ("", bank.id)]
    chosen = {bank.id for bank in banks}
    doors = wall.lockers(session, heard, now=now, bank_ids=chosen, organisation_id=visit.organisation_id)
    of_bank: dict[str, list[LockerView]] = defaultdict(list)
    for door in doors:
        of_bank[door.bank].append(door)
    theirs = _run(visit, session, set(alarmed)) & set(alarmed)
    found = breaches.unseen_at(session, theirs, now=now)
    by_id = {bank.id: bank for bank in every}
    sites = sorted({(bank.site, bank.site_id) for bank in banks})
    return Wall(
        sites=[
            SiteShown(
                f"s-{site_id}",
                name,
                [_block(visit, session, bank, of_bank[bank.id], narrowed) for bank in banks if bank.site_id == site_id],
            )
            for name, site_id in sites
        ],
        counts=_counts(doors, narrowed),
        breaches=[breach_shown(visit, item, by_id) for item in found[:BREACHES_SHOWN]],
        state=narrowed.state,
        all_url=narrowed.url(state=""),
        stream_url=narrowed.url("/live/wall"),
        all_places=sizes.total() <= LOCKERS_AT_ONCE,
        site_options=sorted({(bank.site_id, bank.site) for bank in every}, key=lambda option: option[1]),
        block_options=[(bank.id, bank.name) for bank in every if narrowed.site in ("", bank.site_id)],
        form=Form({"site": narrowed.site, "block": narrowed.block}),
    )


def tile_of(visit: Visit, door: LockerView, narrowed: Narrowed) -> Tile:
    """One door as a tile."""
    return Tile(
        id=f"t-{door.bank}-{door.number}",
        number=door.number,
        state=door.state,
        url=f"/lockers/{door.bank}/{door.number}",
        hidden=narrowed.state not in ("", door.state),
        notes=list(_notes(visit, door)),
    )


def breach_shown(visit: Visit, item: FeedItem, banks: Mapping[str, BankView]) -> BreachShown:
    """A breach in a sentence, with how late the opening was where that is known."""
    bank = banks[item.bank or ""]
    why, late = str(item.body.get("why", "")), item.body.get("late_ms")
    if why == "revoked" and isinstance(late, int):
        text = visit.say(
            "Opened %(late)s after the badge was blocked: the block had not received it yet.",
            late=formats.duration(late, visit.language),
        )
    else:
        text = visit.say(words.BREACH_CAUSES.get(why, why))
    return BreachShown(
        id=item.id,
        at=item.at,
        number=item.locker,
        block=bank.name,
        zone=site_zone(bank.zone),
        text=text,
        url=f"/lockers/{bank.id}/{item.locker}",
        seen_url=f"/breaches/{item.id}/seen",
    )


def _run(visit: Visit, session: Session, chosen: set[str]) -> frozenset[str] | set[str]:
    """Banks whose alarms are for whoever asks: those their organisation owns or operates."""
    return sight_of(session, visit.organisation_id).run if visit.organisation_id else chosen


def _block(visit: Visit, session: Session, bank: BankView, doors: Iterable[LockerView], narrowed: Narrowed) -> Block:
    health = visit.presence.health_of(bank.id) if bank.online else None
    return Block(
        id=f"b-{bank.id}",
        label=bank.name,
        url=f"/blocks/{bank.id}",
        zone=site_zone(bank.zone),
        online=bank.online,
        joined=bank.joined,
        heard_at=visit.heard_at(bank),
        pending=bank.pending,
        waiting_for_reconciliation=bank.held,
        faults=told(visit, session, bank.id, of_the_block(health.faults)) if health else [],
        tiles=[tile_of(visit, door, narrowed) for door in doors],
    )


def _notes(visit: Visit, door: LockerView) -> Iterable[Note]:
    if door.pending:
        yield Note("pending", visit.say("Being opened"))
    if door.state in _ALARMS and not door.online:
        word = words.LOCKER_STATES["offline"]
        yield Note(word.icon, visit.say(word.text))
    if door.state in _DOOR_STATES and door.occupancy in words.LOCKER_STATES and door.occupancy != "free":
        word = words.LOCKER_STATES[door.occupancy]
        yield Note(word.icon, visit.say(word.text))
    if door.occupancy == "allotted":
        yield Note("clock", visit.say("Starts soon"))
    if door.contract_state == "suspended":
        yield Note("pause", visit.say("Suspended"))
    if door.fault in _FAULTS:
        yield Note("forced", visit.say(_FAULTS[door.fault]))


def _counts(doors: Sequence[LockerView], narrowed: Narrowed) -> list[Count]:
    numbers = Counter(door.state for door in doors)
    return [
        Count(state, numbers[state], narrowed.url(state=state), narrowed.state == state)
        for state in words.LOCKER_STATES
        if numbers[state] or state in _ALWAYS_COUNTED or state == narrowed.state
    ]
