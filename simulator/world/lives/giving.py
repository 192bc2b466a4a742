"""Whether a locker may be given: nobody else's things are inside of which the gateway knows, or could know.

Of somebody whose time in it a gateway that was put back has lost, or ended before it began by a clock that is behind,
it knows once their bank has told of their coming, or its own list has named them. Before that it takes the locker for
one that nobody had.
"""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from gateway.events.models import Event
from simulator.world.lives.office import Office
from simulator.world.lives.pacts import Life, Pact
from simulator.world.lives.records import Box, Records
from wire.access_list import Grant, Kind
from wire.entries import EntryType, decode_entry


def judge_given(office: Office, box: Box, pact: Pact, at: int) -> None:
    """That locker has just gone to this contract. Whoever begins later may have to wait for a look first.

    Nothing is given by a draft, nor by one that is signed when its time is over.
    """
    inside = box.inside
    if inside is None or inside is pact or pact.state(at) in (Life.DRAFT, Life.ENDED):
        return
    if box.holds_strange and (office.loose or _never_began(inside, box)) and not _is_told(office, box):
        return
    if pact.from_at > at and box.holds_strange and box.lacking(at):
        return
    office.violated("belongings", f"locker {box.number} of {box.bank} was given with things inside")


def note_named(records: Records, bank: str, grants: Collection[Grant], now: int) -> None:
    """The list of a bank names these, of which the gateway does not know."""
    live = [
        grant for grant in grants
        if grant.kind in (Kind.HOLDER, Kind.COLLECT) and grant.not_before <= now < grant.not_after
    ]  # fmt: skip
    for box in records.boxes.values():
        inside = box.inside
        if box.bank != bank or inside is None or not box.holds_strange:
            continue
        if any(box.number in grant.lockers and grant.id.startswith(inside.id[-12:]) for grant in live):
            box.named = inside


def _never_began(pact: Pact, box: Box) -> bool:
    """Whether it had the locker for no time: ended before its first day, by a clock that was behind."""
    return any((hold.bank, hold.number) == (box.bank, box.number) for hold in pact.holds)


def _is_told(office: Office, box: Box) -> bool:
    """Whether the gateway has stored the release by which these things came inside, or was told by the bank's list."""
    if box.named is box.inside:
        return True
    query = select(Event.line).where(
        Event.kind == EntryType.RELEASE_INTENDED, Event.bank_id == box.bank, Event.locker == box.number
    )
    try:
        with office.gateway.reading() as session:
            bodies = [decode_entry(line).body for line in session.scalars(query) if line is not None]
    except DBAPIError:
        return False
    return any(
        body.get("release") == box.left_by and body.get("digest") is not None and body.get("command") is None
        for body in bodies
    )
