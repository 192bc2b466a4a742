"""Two gateways live for a while on copies of one database, and both publish, until one of them ends."""

from sqlalchemy.exc import DBAPIError

from gateway.badges import service as badges
from gateway.errors import GatewayError
from simulator.errors import NotPossibleError
from simulator.world.desk import Desk
from simulator.world.faults.fault import HOUR_MS, MINUTE_MS, Fault, Heal, Hit
from simulator.world.faults.schedule import Schedule
from simulator.world.gateway import Gateway
from simulator.world.lives.records import Card

_WHO = "someone at the other gateway"


def _split(schedule: Schedule, hit: Hit) -> Heal | None:
    """Somebody works at the other one too, and does not know."""
    world, town = schedule.world, schedule.town
    if schedule.is_empty:
        return None
    saved, since = town.remember(), town.split()
    twin = world.gateway.twin(f"casier-gateway-{hit.number}")
    world.twins.append(twin)
    schedule.watch.watch_gateway(twin)
    twin.start()
    for act in (_block, _open, _block):
        world.loop.after(hit.chance.randint(10 * MINUTE_MS, hit.lasts_ms - MINUTE_MS), act, schedule, hit, twin)

    def heal() -> None:
        theirs = twin.storage.backup()
        twin.crash()
        world.joined(twin)
        town.joined(since, world.joined_at)
        if hit.chance.random() < 0.3:
            schedule.restore((theirs, saved))  # the other one's database is kept, and goes on here
        world.loop.after(hit.chance.randint(MINUTE_MS, HOUR_MS), schedule.reconcile)

    return heal


def _block(schedule: Schedule, hit: Hit, twin: Gateway) -> None:
    """A badge of somebody is blocked there."""
    town, world = schedule.town, schedule.world
    here = {box.site for box in town.records.boxes.values() if box.bank == hit.bank.name}
    cards = [
        card for card in town.records.cards.values()
        if card.site in here and card.owner is not None and card.dead_at is None and not card.staff
    ]  # fmt: skip
    if twin not in world.twins or not cards:
        return
    card: Card = hit.chance.choice(cards)
    try:
        with twin.writing() as session:
            badges.revoke(session, card.id, reason="lost", actor=_WHO, now=twin.now())
    except (GatewayError, DBAPIError, NotPossibleError):
        return
    world.counts["blocked elsewhere"] += 1
    town.blocked_elsewhere(card, twin.now())


def _open(schedule: Schedule, hit: Hit, twin: Gateway) -> None:
    """A locker is opened from there."""
    if twin in schedule.world.twins:
        number = hit.chance.choice(sorted(hit.bank.doors.by_number))
        Desk(twin, _WHO).open_remotely(hit.bank.name, number, "holder_present", _nothing)


def _nothing(_: str | None) -> None:
    """Nobody waits for it."""


FAMILY = (Fault("gateway_split", (13,), (HOUR_MS, 24 * HOUR_MS), _split, everywhere=True),)
