"""One simulated controller: a machine with a power switch, and the real program on it, life after life."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import msgspec

from controller.bootstrap import assemble, live, load_identity
from controller.config import BankFile, BrokerSection, ReleasesSection, TimeSection
from controller.connection import OnMessage
from controller.journal import NAME, Opened, open_journal
from controller.pace import Pace
from controller.pending import Pending
from controller.runtime import Runtime
from controller.store import Row, Store
from controller.surroundings import Surroundings
from controller.trust import write_root
from hw.assembly import CoilUse, HardwareConfig
from hw.ports import Coil
from simulator.errors import NotPossibleError
from simulator.world.broker import Broker
from simulator.world.chance import Chance
from simulator.world.connection import WorldConnection
from simulator.world.disk import Disk
from simulator.world.disk_work import DiskWork
from simulator.world.doors import Doors
from simulator.world.hardware import Devices, Fitting
from simulator.world.loop import Life, VirtualLoop
from simulator.world.machine import BOOT_MS, SimulatedMachine
from simulator.world.trace import Trace
from wire.keys import controller_token

# Nobody looks at a world between its events: what a controller does by itself it does slowly there.
LIVELY = Pace(
    look_s=6 * 3_600.0,
    health_ms=6 * 3_600_000,
    linger_s=30.0,
    gather_s=1.0,
    patience_s=1.0,
    receipts_s=6 * 3_600.0,
    retry_s=300.0,
    reconnect_ms=600_000,
    watch_ms=3_600_000,
)
# Several openings travel in one batch: for years in a minute.
LEISURELY = msgspec.structs.replace(LIVELY, linger_s=3 * 3_600.0)
RESTART_MS = 2_000  # RestartSec, the interpreter and the imports
WATCHDOG_MS = 5_000  # WatchdogSec of the unit
_DATA = Path("/data")


def bank_file(name: str, lockers: int, *, zone: str = "Europe/Paris", keypad: bool = False) -> BankFile:
    """The configuration of a bank of `lockers`, numbered from 1, on one board, in one power group."""
    coils = {number: Coil("board", number) for number in range(1, lockers + 1)}
    hardware = HardwareConfig(
        readers={"entrance": Fitting(has_keypad=keypad)},
        boards={"board": Fitting()},
        coils=tuple(CoilUse(coil, "board", ("lockers", 0, "channels")) for coil in coils.values()),
    )
    uses = {number: (coil, "board") for number, coil in coils.items()}
    return BankFile(name, zone, _DATA, BrokerSection("broker"), ReleasesSection(), TimeSection(), hardware, uses)


class SimulatedController:
    """The machine, disk, doors and devices of one bank stay; the program comes and goes.

    `runtime` is the program's, None while it does not run.
    """

    def __init__(
        self,
        loop: VirtualLoop,
        chance: Chance,
        trace: Trace,
        broker: Broker,
        config: BankFile,
        *,
        pace: Pace = LIVELY,
    ) -> None:
        self.name = config.controller
        self.config = config
        self.loop = loop
        self.machine = SimulatedMachine(loop, chance.stream(f"{self.name}/machine"))
        self.disk = Disk()
        self.doors = Doors(loop, self.name, {number: coil for number, (coil, _) in config.lockers.items()}, trace)
        self.devices = Devices(self.doors)
        self.runtime: Runtime | None = None
        self.lives = 0
        self.began_ms = 0  # when its program was started last
        self.crashes = 0
        self.hangs = 0
        self.failure: BaseException | None = None
        # Whoever watches: what goes to the journal, what a life starts from, and that it is over.
        self.on_written: Callable[[Sequence[Pending]], None] = lambda _: None
        self.on_opened: Callable[[Opened], None] = lambda _: None
        self.on_death: Callable[[], None] = lambda: None
        self.client = ""  # the name by which it last connected to the broker
        self._broker = broker
        self._trace = trace
        self.pace = pace
        self._life: Life | None = None
        self._stop: asyncio.Event | None = None
        self._connection: WorldConnection | None = None
        self._chance = chance.stream(f"{self.name}/power")
        self._starts: asyncio.TimerHandle | None = None
        self._wakes: asyncio.TimerHandle | None = None

    # Before its first start

    def keys(self) -> str:
        """KEYS of this controller, as `controllers add` takes them at the gateway."""
        identity = load_identity(_DATA, self.disk)
        return controller_token(
            identity.device.public_key().public_bytes_raw(), identity.encryption.public_key().public_bytes_raw()
        )

    def tell_root(self, root_key: str) -> None:
        """A technician tells it the gateway's root key (`casier-controller trust`); known at the next start."""
        write_root(_DATA, root_key, self.disk)

    # Power and life

    @property
    def running(self) -> bool:
        """Whether the program runs."""
        return self._life is not None

    def power_on(self) -> None:
        """The machine boots; its unit starts the program."""
        if self.machine.powered:
            raise NotPossibleError(f"{self.name} has power already")
        self.machine.boot()
        self.doors.supply(True)
        self._note("power_on", boot=self.machine.boots)
        self._starts = self.loop.after(BOOT_MS, self._begin)

    def power_cut(self) -> None:
        """The power is gone in this instant: coils, program, and whatever the disk had not synced.

        Not from within an operation of the disk: see `power_cut_within`.
        """
        if not self.machine.powered:
            return
        self._note("power_cut", unsynced=self.disk.cut(self._chance))
        self.machine.powered = False
        self.doors.supply(False)
        self._die(silent=True)

    def power_cut_within(self, operations: int, then: Callable[[], None] = lambda: None) -> None:
        """The power goes within that operation of the disk (1: its next one), and `then` hears of it.

        What is written and not synced by then may be there afterwards, whole, in part, or not at all.
        """
        left = [operations]

        def watch(_operation: str, _name: str) -> None:
            left[0] -= 1
            if left[0] == 0:
                self.disk.watch = None
                self.disk.lose_power(self._chance)
                if self._connection is not None:
                    self._connection.drop(silent=True)
                self.loop.call_soon(self.power_cut)
                self.loop.call_soon(then)

        self.disk.watch = watch

    def kill(self) -> None:
        """SIGKILL: coils drop with the keeper's pipe, the kernel closes the rest, the unit starts it again."""
        if self._life is None:
            return
        self._note("killed")
        self._exit()
        self._restart()

    def stop(self) -> None:
        """`systemctl stop`: it says farewell and ends, and stays ended until `start`."""
        if self._stop is not None and self._life is not None:
            self._note("told_to_stop")
            self._life.call_soon(self._stop.set)

    def start(self) -> None:
        """`systemctl start`."""
        if self.machine.powered and self._life is None and self._starts is None:
            self._restart()

    def hang(self, ms: int) -> None:
        """The program hangs, or is stopped (SIGSTOP), for so long; its watchdog kills it if that is too long."""
        life = self._life
        if life is None or life.deaf:
            return
        self._note("hangs", ms=ms)
        self.hangs += 1
        life.hold()
        ends = self._bites if ms >= WATCHDOG_MS else life.resume
        self._wakes = self.loop.after(min(ms, WATCHDOG_MS), ends)

    # People and things at the bank

    def present(
        self, number: str, reader: str = "entrance", *, technology: str = "em4100", stale: bool = False
    ) -> None:
        """Hold a badge to a reader."""
        self.devices.present(reader, technology, number, stale=stale)

    def press(self, keys: str, reader: str = "entrance") -> None:
        """Press keys of a keypad."""
        self.devices.press(reader, keys)

    def look_at_clock(self) -> None:
        """It looks at its clock now, as in production each second; not where it begins, for then it does by itself."""
        if self._life is not None and self.runtime is not None and self.loop.now_ms > self.began_ms + RESTART_MS:
            self._life.call_soon(self.runtime.look_at_clock)

    # What it remembers, to compare

    def journal(self) -> list[Row]:
        """Every entry on its disk: epoch number, seq, line."""
        store = Store(_DATA / NAME, self.disk)
        try:
            return store.rows_after(0, 0, 1 << 40)
        finally:
            store.close()

    # One life

    def _begin(self) -> None:
        self._starts = None
        self.lives += 1
        self.began_ms = self.loop.now_ms
        life = self._life = self.loop.life(self.machine.born_ms)
        self._stop = asyncio.Event()
        task = life.create_task(self._run(life, self._stop))
        task.add_done_callback(self._ended)

    async def _run(self, life: Life, stop: asyncio.Event) -> bool:
        """What controller.bootstrap.run does, in the world's surroundings."""
        identity = load_identity(_DATA, self.disk)
        opened = open_journal(_DATA, self.disk)
        if self.disk.is_lost:
            await life.create_future()  # its power has gone meanwhile, and nobody comes to know what it read
        outside = Surroundings(
            self.machine.seen_by_a_controller(self.disk),
            self.disk,
            lambda writer: DiskWork(writer, life, self.disk, self.on_written),
            partial(self.devices.build, life),
            partial(self._connect, life),
            self.pace,
        )
        self.on_opened(opened)
        self.runtime = assemble(self.config, identity, opened, outside)
        return await live(self.runtime, opened.cause, stop, self._ready)

    def _connect(
        self, life: Life, _: BrokerSection, client_id: str, will_topic: str, will: bytes, on_message: OnMessage
    ) -> WorldConnection:
        self.client = client_id
        self._connection = WorldConnection(life, self._broker, client_id, will_topic, will, on_message)
        return self._connection

    async def _ready(self, runtime: Runtime) -> None:  # noqa: ARG002 - the shape that `live` asks for
        self._note("ready", life=self.lives)

    def _ended(self, task: asyncio.Task[bool]) -> None:
        """The program has ended by itself: stopped, or by a defect, and then its unit starts it again."""
        error = task.exception()
        self._note("stopped" if error is None else "crashed", why=None if error is None else type(error).__name__)
        self.failure = error or self.failure
        self._exit()
        if error is not None:
            self.crashes += 1
            self._restart()

    def _restart(self) -> None:
        self._starts = self.loop.after(RESTART_MS, self._begin)

    def _bites(self) -> None:
        self._note("watchdog")
        self.kill()

    def _exit(self) -> None:
        """The process is gone, its machine is not: the keeper drops the coils, the kernel closes files and socket."""
        self.doors.all_off()
        self.disk.drop()
        self._die(silent=False)

    def _die(self, *, silent: bool) -> None:
        """Everything outside turns deaf to this life before it unwinds."""
        for timer in (self._starts, self._wakes):
            if timer is not None:
                timer.cancel()
        self._starts = self._wakes = None
        life, self._life, self._stop, self.runtime = self._life, None, None, None
        if self._connection is not None:
            self._connection.drop(silent=silent)
            self._connection = None
        if life is not None:
            life.end()
            self.on_death()

    def _note(self, what: str, **facts: int | str | None) -> None:
        self._trace.note(self.loop.now_ms, self.name, what, **facts)
