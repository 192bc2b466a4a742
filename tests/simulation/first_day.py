"""One bank on its first day: joined at the gateway, a locker handed over, the badge presented. Prints its digest."""

import sys
from contextlib import closing
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from gateway.events.models import Event
from gateway.lockers import service as lockers
from simulator.world.broker import Broker
from simulator.world.chance import Chance
from simulator.world.controller import SimulatedController, bank_file
from simulator.world.desk import Desk
from simulator.world.gateway import Gateway
from simulator.world.loop import VirtualLoop
from simulator.world.mischief import Mischief
from simulator.world.network import Network
from simulator.world.trace import Trace

BANK = "montreuil-1"
MORNING = 1_781_503_200_000  # 2026-06-15, 8:00 in Paris
MINUTE, HOUR = 60_000, 3_600_000
NUMBER = "62E3086CED"
LOCKER = 7


@dataclass(frozen=True)
class Day:
    """What the day came to."""

    digest: str
    lines: list[str]
    rows: list[tuple[str, int, str]]
    journal: list[tuple[int, int, bytes]]
    unreceipted: int
    opened: tuple[int, ...]
    order: str | None


def first_day(seed: int) -> Day:
    """From nothing to an hour after the first opening."""
    chance, loop, trace = Chance(seed), VirtualLoop(MORNING), Trace(keep=True)
    with closing(loop), chance.seeded_os():
        broker = Broker(loop, Network(loop, chance.stream("network")), Mischief(chance.stream))
        gateway = Gateway(broker, chance, trace=trace)
        with gateway.storage.database.writing() as session:
            owner = lockers.organisation_named(session, "Emmaus", actor="test", now=MORNING)
            site = lockers.site_named(
                session, "Montreuil", organisation_id=owner.id, zone="Europe/Paris", actor="test", now=MORNING
            )
            lockers.add_bank(session, bank_id=BANK, site_id=site.id, name="Montreuil 1", actor="test", now=MORNING)
            lockers.add_lockers(session, BANK, range(1, 25), actor="test", now=MORNING)
        bank = SimulatedController(loop, chance, trace, broker, bank_file(BANK, 24))
        bank.tell_root(gateway.keystore.root_token)
        gateway.start()
        desk = Desk(gateway, "test")
        desk.join(BANK, bank.keys())
        bank.power_on()
        loop.run_until(MORNING + 5 * MINUTE)
        desk.hand_over(
            BANK, LOCKER, badge=f"em4100:{NUMBER}", name="Awa Diallo",
            starts_on=date(2026, 6, 15), ends_on=date(2026, 12, 31),
        )  # fmt: skip
        loop.run_until(MORNING + 10 * MINUTE)
        opened: list[int] = []
        bank.doors.on_pulse = lambda pulse: opened.append(pulse.locker)
        bank.present(NUMBER)
        loop.run_until(MORNING + HOUR)
        ordered: list[str | None] = []
        desk.open_remotely(BANK, LOCKER, "holder_present", ordered.append)
        loop.run_until(MORNING + 2 * HOUR)
        with gateway.reading() as session:
            found = session.scalars(select(Event).where(Event.epoch.is_not(None)).order_by(Event.epoch, Event.seq))
            rows = [(each.epoch or "", each.seq or 0, each.kind) for each in found]
        assert bank.runtime is not None
        day = Day(
            trace.digest(),
            [str(line) for line in trace.lines],
            rows,
            bank.journal(),
            bank.runtime.outbox.queue,
            tuple(opened),
            ordered[0],
        )
        gateway.close()
    return day


if __name__ == "__main__":
    print(first_day(int(sys.argv[1])).digest)
