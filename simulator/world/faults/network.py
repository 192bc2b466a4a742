"""The network of one bank, or of the gateway: cut, half-open, flapping, slow; for a month, too."""

from gateway.link.service import CLIENT_ID
from simulator.world.faults.fault import DAY_MS, HOUR_MS, MINUTE_MS, Fault, Heal, Hit
from simulator.world.faults.schedule import Schedule
from wire.access_list import LEASED_KINDS
from wire.entries import EntryType


def _client(hit: Hit) -> str:
    """A bank mostly, now and then the gateway."""
    hit.everywhere = hit.chance.random() < 0.2
    return CLIENT_ID if hit.everywhere else hit.bank.client


def _cut(schedule: Schedule, hit: Hit) -> Heal:
    network, client = schedule.world.network, _client(hit)
    network.cut(client)
    return lambda: network.heal(client)


def _month(schedule: Schedule, hit: Hit) -> Heal:
    network, client = schedule.world.network, hit.bank.client
    network.cut(client)

    def heal() -> None:
        _lease(schedule, hit)
        network.heal(client)

    return heal


def _lease(schedule: Schedule, hit: Hit) -> None:
    """The staff's lease has run out meanwhile, if it has: that was told."""
    world, told, bank = schedule.world, schedule.watch.told, hit.bank
    accepted = schedule.watch.ledger.banks[bank.name].accepted
    if accepted is None or world.wrong_clocks[bank.name] or not told.hears(bank, disturbed=True):
        return
    over_ms = accepted.lease_until
    if over_ms < world.now_ms - HOUR_MS and any(grant.kind in LEASED_KINDS for grant in accepted.grants):
        said = told.said_since(bank.name, EntryType.LEASE_EXPIRED, over_ms - HOUR_MS)
        told.must(said, f"the lease of {bank.name} has run out, and nobody was told")


def _half_open(schedule: Schedule, hit: Hit) -> Heal:
    network, client = schedule.world.network, _client(hit)
    network.half_open(client)
    return lambda: network.heal(client)


def _flaps(schedule: Schedule, hit: Hit) -> Heal:
    network, client = schedule.world.network, _client(hit)
    network.flap(client, times=40, up_ms=hit.chance.randint(10, 60_000), down_ms=hit.chance.randint(10, 60_000))
    return lambda: network.heal(client)


def _slow(schedule: Schedule, hit: Hit) -> None:
    schedule.world.network.stall(_client(hit), hit.chance.randint(1_000, 8_000))


FAMILY = (
    Fault("link_cut", (12, 14), (MINUTE_MS, 3 * DAY_MS), _cut),
    Fault("link_half_open", (12,), (MINUTE_MS, DAY_MS), _half_open),
    Fault("link_flaps", (12,), (HOUR_MS, 2 * HOUR_MS), _flaps),
    Fault("link_stalls", (12,), (MINUTE_MS, MINUTE_MS), _slow),
    Fault("month_offline", (14, 23, 25), (30 * DAY_MS, 30 * DAY_MS), _month),
)
