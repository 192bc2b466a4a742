"""What the procedure's steps do at the bank: pulses through drivers, guard and journal, and the sensors' own words.

It decides nothing: the guard may make it wait, a held locker is refused whoever asks.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from controller import SOFTWARE
from controller.commission.disk import Disk
from controller.commission.plan import Plan, observing
from controller.commission.progress import BoardFault, Sensed, Trial
from controller.commission.steps import Contact, Pulsed, Seen
from controller.config import BankFile
from controller.errors import ControllerError
from controller.journal import Journal
from controller.witnesses import boot_id, mono_ms
from hw.assembly import Hardware, HardwareConfig, build
from hw.errors import ReleaseForbidden
from hw.ports import Coil, DeviceEvent, DeviceFault, DeviceRecovered, DoorSensed, LockAccepted, LockFailed
from hw.settings import DeviceSettings
from wire.entries import EntryType
from wire.ids import uuid7

CAUSE = "commission"
FIRST_WORD_MS = 3_000  # a silent board is known after a second
COIL_OFF_MS = 100  # after its pulse a coil is off, at the board's own time: a door shut before springs open again
ANSWER_MS = 2_000  # every driver has said how a release ended by then
INTENT_MS = 5_000  # nobody stands in the rain: the disk may take its time
POLL_S = 0.01


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to look: at sensors that have just moved, at a pulsed door, and on for a second door on its channel."""

    settled_ms: int = 500
    watch_ms: int = 3_000  # longer than a door may take in service, so that a slow one is seen as slow
    linger_ms: int = 600


class Hands:
    """The boards of one bank. Start it in a loop, stop it whatever happens: coils are off then."""

    def __init__(
        self,
        bank: BankFile,
        disk: Disk,
        plan: Plan,
        turned: Iterable[tuple[str, str]],
        patience: Patience,
    ) -> None:
        self._bank = bank
        self._disk = disk
        self._plan = plan
        self._patience = patience
        self._numbers = plan.numbers
        self._turned = set(turned)
        self._hardware = self._built()
        self._journal = Journal(bank.data_dir, disk.opened, boot_id(), asyncio.get_running_loop())
        self._open: dict[Contact, bool] = {}
        self._faults: dict[str, BoardFault] = {}
        self._changes: list[DoorSensed] = []
        self._changed_ms = 0
        self._code: str | None = None
        self._pulsed: Coil | None = None
        self._unsettled: tuple[str, Coil] | None = None
        self._mute = False

    def _built(self) -> Hardware:
        """The boards, set so that all their sensors are seen, under a guard that knows the pulses of before.

        Raises ValueError where a board cannot be set so.
        """
        config = self._bank.hardware
        boards = {name: self._observing(name, settings) for name, settings in config.boards.items()}
        self._channels = {name: settings.wiring().channels for name, settings in boards.items()}
        hardware = build(
            HardwareConfig(boards=boards, coils=config.coils, pulse_ms=config.pulse_ms), self._event, mono_ms
        )
        for past in self._disk.state.past_releases:
            if past.locker in self._bank.lockers:
                hardware.guard.charge(self._bank.lockers[past.locker][0], past.mono_ms, past.pulse_ms)
        return hardware

    def _observing(self, name: str, settings: DeviceSettings) -> DeviceSettings:
        turned = [sensor for board, sensor in self._turned if board == name]
        return observing(settings, self._plan.boards[name], turned)

    async def start(self) -> None:
        """All coils off, then listen to the boards."""
        self._journal.start()
        self._record(EntryType.STARTED, {"software": SOFTWARE, "cause": CAUSE})
        await self._start_boards()

    async def _start_boards(self) -> None:
        await asyncio.gather(*(board.start() for board in self._hardware.boards.values()))

    async def stop(self) -> None:
        """All coils off, the last words written."""
        self._hardware.all_off()
        try:
            await self._hardware.stop()
        finally:
            if self._unsettled is not None:
                release, coil = self._unsettled
                self._record(EntryType.RELEASE_UNKNOWN, {"release": release, "locker": self._numbers[coil]})
            self._record(EntryType.STOPPING, {"cause": CAUSE})
            self._journal.stop()

    async def turn(self, board: str, sensor: str) -> bool:
        """Read one kind of sensor of a board with the other polarity. False where the board cannot be set so.

        Only before the first pulse: the boards are made anew, and their guard with them.
        """
        self._turned ^= {(board, sensor)}
        try:
            hardware = self._built()
        except ValueError:
            self._turned ^= {(board, sensor)}
            return False
        await self._hardware.stop()
        self._hardware = hardware
        self._open, self._faults = {}, {}
        await self._start_boards()
        return True

    async def look(self) -> Seen:
        """Every sensor, once all boards have spoken or were given the time to."""
        begun_ms = mono_ms()
        settled_ms = self._patience.settled_ms
        while (waited_ms := mono_ms() - begun_ms) < (settled_ms if self._mute else FIRST_WORD_MS):
            if waited_ms >= settled_ms and self._all_spoke():
                break
            await asyncio.sleep(POLL_S)
        self._mute = not self._all_spoke()
        return Seen(dict(self._open), dict(self._faults))

    async def pulse(self, coil: Coil) -> Pulsed:
        """Release one lock once, its intent durable first, and watch until door and board have had their time.

        Raises ControllerError `journal` where the intent cannot be written, `guard` where the guard will never agree.
        """
        locker = self._numbers[coil]
        if locker in self._disk.held():
            return Pulsed("held")
        await self._guard_agrees(coil)
        release = uuid7()
        await self._intend(release, coil)
        self._changes, self._code, self._pulsed = [], None, coil
        at_ms = self._changed_ms = mono_ms()
        try:
            self._hardware.release(coil)
        except ReleaseForbidden:
            self._code = "refused_by_guard"
        await self._watch(at_ms, self._hardware.pulse_ms(coil) + COIL_OFF_MS)
        self._pulsed = None
        body = {"release": release, "locker": locker}
        code = self._code or "no_reply"
        if code == "accepted":
            self._record(EntryType.RELEASED, body)
        else:
            self._record(EntryType.RELEASE_FAILED, {**body, "code": code})
        sensed = (
            Sensed(each.board, each.channel, each.open, max(0, each.at_ms - at_ms), each.sensor)
            for each in self._changes
        )
        return Pulsed(code, tuple(sensed), self._faults.get(coil.board))

    def settle(self, trial: Trial) -> None:
        """Journal what became of the last pulse."""
        if self._unsettled is None:
            return
        release, coil = self._unsettled
        self._unsettled = None
        locker = self._numbers[coil]
        body = {"release": release, "locker": locker}
        own = any((each.board, each.channel) == coil for each in trial.sensed)
        if trial.doors is None and not own:
            self._record(EntryType.RELEASE_UNKNOWN, body)
        elif trial.doors == ():
            self._record(EntryType.NOT_OPENED, {**body, "attempt": 1})
        for door in trial.doors or ((locker,) if own and trial.doors is None else ()):
            if door == locker:
                self._record(EntryType.DOOR_OPENED, body)
            else:
                self._record(EntryType.WRONG_DOOR, {"locker": door, "release": release, "expected": locker})

    def _all_spoke(self) -> bool:
        spoken: dict[str, int] = {}
        for contact in self._open:
            if contact.sensor == "door":
                spoken[contact.board] = spoken.get(contact.board, 0) + 1
        return all(name in self._faults or spoken.get(name, 0) >= count for name, count in self._channels.items())

    async def _guard_agrees(self, coil: Coil) -> None:
        """Wait until the guard would let this coil move: the intent is to be followed at once."""
        guard = self._hardware.guard
        while True:
            try:
                guard.withdraw(guard.permit(coil, self._hardware.pulse_ms(coil)))
            except ReleaseForbidden as error:
                if not error.retry_after_ms:
                    raise ControllerError("guard", f"the release guard refuses: {error}") from error
                await asyncio.sleep(error.retry_after_ms / 1_000)
            else:
                return

    async def _intend(self, release: str, coil: Coil) -> None:
        durable: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def written(ok: bool) -> None:
            if not durable.done():
                durable.set_result(ok)

        pulse_ms = self._hardware.pulse_ms(coil)
        body = {"release": release, "locker": self._numbers[coil], "cause": CAUSE, "attempt": 1, "pulse_ms": pulse_ms}
        self._journal.append(EntryType.RELEASE_INTENDED, body, self._disk.clock.now(), done=written)
        self._unsettled = release, coil
        try:
            ok = await asyncio.wait_for(durable, INTENT_MS / 1_000)
        except TimeoutError:
            ok = False
        if not ok:
            raise ControllerError("journal", "the disk does not take the journal: nothing was pulsed; see to the disk")

    async def _watch(self, at_ms: int, least_ms: int) -> None:
        """Until the board has answered, and the sensors have been quiet after a change or had all their time."""
        watch_ms = max(self._patience.watch_ms, least_ms)
        while (now := mono_ms()) < at_ms + max(watch_ms, ANSWER_MS):
            lingered = bool(self._changes) and now >= self._changed_ms + self._patience.linger_ms
            seen = lingered and now >= at_ms + least_ms
            if self._code is not None and (seen or now >= at_ms + watch_ms):
                return
            await asyncio.sleep(POLL_S)

    def _event(self, event: DeviceEvent) -> None:
        if isinstance(event, DoorSensed):
            contact = Contact(event.board, event.channel, event.sensor)
            if contact in self._open and self._pulsed is not None:
                self._changes.append(event)
                self._changed_ms = event.at_ms
            self._open[contact] = event.open
        elif isinstance(event, LockAccepted | LockFailed):
            if (event.board, event.channel) == self._pulsed:
                self._code = event.code if isinstance(event, LockFailed) else "accepted"
        elif isinstance(event, DeviceFault):
            self._faults[event.device] = BoardFault(event.device, event.code, event.detail)
        elif isinstance(event, DeviceRecovered):
            self._faults.pop(event.device, None)

    def _record(self, kind: EntryType, body: dict[str, object]) -> None:
        self._journal.append(kind, body, self._disk.clock.now())
