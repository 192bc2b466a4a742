"""The one loop of a bank: device events and messages in, the core's effects carried out in order. It owns all state."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

from controller.bank import Bank
from controller.bank_view import bank_view
from controller.clock import Clock
from controller.config import BankFile
from controller.devices import core_input
from controller.effects import Effect, Energise, Light, Record, SendList, SendReply, Show, StoreKept, StoreList
from controller.errors import JournalError
from controller.faultboard import MOST_SHOWN
from controller.inbox import Inbox, StateReceived
from controller.inputs import (
    BeatSent,
    Input,
    IntentDurable,
    IntentLate,
    ListStored,
    LockFailed,
    Moment,
    Refused,
    SessionEnded,
    SessionStarted,
    Ticked,
)
from controller.journal import Journal
from controller.live import Live, shown_body
from controller.machine import Machine
from controller.outbox import Outbox
from controller.pace import Pace
from controller.pending import Result
from controller.timekeeping import Witness
from controller.trust import TrustStore
from controller.uplink import Uplink
from controller.wake import Wake
from hw import ports
from hw.assembly import Hardware, HardwareConfig
from hw.errors import ReleaseForbidden
from wire.entries import EntryType
from wire.messages import Birth, Fault, Health, Receipt, Reply, Session
from wire.topics import Topic

INTENT_WITHIN_S = 0.25
_COLLECT_EVERY = 60  # ticks; garbage of cycles is small here, and a collection must not meet a badge
_log = logging.getLogger("controller")
BuildHardware = Callable[[HardwareConfig, ports.Emit, ports.MonoMs], Hardware]


class Runtime:
    """Everything of one bank, joined. `bank` and `uplink` are put in by the composition root.

    `software` goes into births. `build` makes the devices of a configuration.
    """

    def __init__(
        self,
        config: BankFile,
        clock: Clock,
        journal: Journal,
        outbox: Outbox,
        trust: TrustStore,
        software: str,
        machine: Machine,
        pace: Pace,
        build: BuildHardware,
    ) -> None:
        self.config = config
        self.bank: Bank
        self.clock = clock
        self.journal = journal
        self.outbox = outbox
        self.trust = trust
        self._inbox = Inbox(trust, lambda: self.bank.list_hash)
        self._software = software
        self.machine = machine
        self._pace = pace
        self._loop = asyncio.get_running_loop()
        self._lockers = {coil: number for number, (coil, _) in config.lockers.items()}
        self._inputs: deque[Input] = deque()
        self._ended = False
        self._busy = True  # until `begin`: what devices say meanwhile waits
        self._wake = Wake(self._loop, lambda: self.feed(Ticked()))
        self._intents: dict[str, asyncio.TimerHandle] = {}
        self._storing: set[int] = set()
        self._alarms: set[tuple[str, str]] = set()
        self._beats = 0
        self._trouble: str | None = None  # the journal's, as told
        self._epochs_unread = False
        self._list_is_new = False
        self._answered_at = 0  # the newest `issued_at` of this session's receipts
        self.hardware = build(config.hardware, self.device, machine.mono_ms)
        self.uplink: Uplink | None = None
        self.live = Live(lambda: bank_view(config, self.bank, self.faults), self._lockers)
        self._heard_here: dict[str, asyncio.Queue[SendReply]] = {}
        self.failed: asyncio.Future[None] = self._loop.create_future()
        journal.changed = self._journal_changed

    def now(self) -> Moment:
        """The time, read once for one input."""
        return self.clock.now()

    # Inputs and effects

    def begin(self, cause: str) -> None:
        """The journal's `started`, then what the core has to say about the time before."""
        now = self.now()
        self.journal.append(EntryType.STARTED, {"software": self._software, "cause": cause}, now)
        self._carry_out(self.bank.start(now), now)
        self._work()

    def feed(self, event: Input) -> None:
        """Hand one input to the core and carry out what follows; inputs that arise meanwhile wait their turn.

        After a defect, or the end, nothing is taken up any more: what the core remembers may be half a step, and
        nobody would watch over a coil that goes on.
        """
        if self._ended:
            return
        self._inputs.append(event)
        if not self._busy:
            self._work()

    def _work(self) -> None:
        self._busy = True
        try:
            while self._inputs and not self._ended:
                now = self.now()
                self._carry_out(self.bank.handle(self._inputs.popleft(), now), now)
            self.journal.flush_pressing()
            self._wake.at(self.bank.next_deadline_ms())
            if self.live.watched:
                self.live.settled()
        except Exception as error:  # noqa: BLE001 - whatever it is, no coil stays on
            self.fail(error)
        finally:
            self._busy = False

    def fail(self, error: BaseException) -> None:
        """A defect, anywhere on the loop: nothing is energised from here on, all coils off, and the program ends."""
        if not self.failed.done():
            self.failed.set_exception(error)
        self.end()

    def end(self) -> None:
        """Nothing is energised from here on, and all coils are off."""
        self._ended = True
        self.hardware.all_off()

    def escaped(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """The loop's exception handler: asyncio would log what a callback raised and go on with half a state."""
        error = context.get("exception")
        if error is None:
            _log.warning("%s", context["message"])
        else:
            _log.error("%s", context["message"])
            self.fail(error)

    def _carry_out(self, effects: list[Effect], now: Moment) -> None:
        """Locks and journal now; lights and words right after, while the disk works on an intent."""
        said = []
        for effect in effects:
            if isinstance(effect, Energise):
                self._energise(effect)
            elif isinstance(effect, Record):
                self._record(effect, now)
            elif isinstance(effect, StoreList):
                self._store(effect, now)
            elif isinstance(effect, StoreKept):
                self.journal.keep({"kept": effect.kept}, now)
            else:
                said.append(effect)
        if said:
            self._loop.call_soon(self._say, said, now)

    def _say(self, effects: list[Show | Light | SendReply | SendList], now: Moment) -> None:
        for effect in effects:
            if isinstance(effect, Show):
                self.hardware.show(effect.signal, effect.reader)
                if self.live.watched:
                    self.live.tell({"what": "signal", "signal": effect.signal.value})
            elif isinstance(effect, Light):
                self.hardware.light(self.config.lockers[effect.locker][0], effect.on)
            elif isinstance(effect, SendReply):
                self._reply(effect, now)
            elif self.uplink is not None:
                self.uplink.send_list(effect.id, effect.envelope)

    def _energise(self, effect: Energise) -> None:
        coil, _ = self.config.lockers[effect.locker]
        try:
            self.hardware.release(coil)
        except ReleaseForbidden as error:
            _log.warning("the guard refuses locker %d: %s", effect.locker, error)
            self.feed(LockFailed(effect.locker, "refused_by_guard"))

    def _record(self, effect: Record, now: Moment) -> None:
        release = effect.release
        if self.live.watched:
            body = shown_body(effect.body)
            self.live.tell({"what": "entry", "type": effect.type.value, "at": now.at, "body": body})
        if release is None:
            self.journal.append(effect.type, effect.body, now)
            return
        self._intents[release] = self._loop.call_later(INTENT_WITHIN_S, self._intent, release, False)
        self.journal.append(effect.type, effect.body, now, done=lambda ok: self._intent(release, ok))

    def _note(self, records: list[Record]) -> None:
        for record in records:
            self._record(record, self.now())

    def _intent(self, release: str, durable: bool) -> None:
        """The first answer counts: on disk, or not in time. A late "on disk" only tells that the disk works again."""
        timer = self._intents.pop(release, None)
        if timer is not None:
            timer.cancel()
        if durable:
            self.feed(IntentDurable(release))
        elif timer is not None:
            self.feed(IntentLate(release))

    def _reply(self, effect: SendReply, now: Moment) -> None:
        if effect.id in self._heard_here:
            self._heard_here[effect.id].put_nowait(effect)
            return
        uplink = self.uplink
        if uplink is None or uplink.session is None:
            return
        uplink.reply(
            Reply(
                self.config.controller,
                uplink.session,
                effect.id,
                effect.state,
                now.at,
                why=effect.why,
                locker=effect.locker,
                digest=effect.digest,
                key=effect.key,
            )
        )

    def _store(self, effect: StoreList, now: Moment) -> None:
        if effect.version in self._storing:  # the core asks again; the journal still has it and will answer
            return
        self._storing.add(effect.version)
        state = {"list": effect.envelope, "kept": effect.kept, "list_version": b"%d" % effect.version}
        entry = effect.entry
        self.journal.append(entry.type, entry.body, now, state=state, done=lambda ok: self._stored(effect.version, ok))

    def _stored(self, version: int, durable: bool) -> None:
        if durable:
            self._storing.discard(version)
            self._list_is_new = True
        self.feed(ListStored(version, durable))

    # The hardware's side

    def device(self, event: ports.DeviceEvent) -> None:
        """One device event, on the loop."""
        if self.live.watched:
            self.live.device(event)
        translated = core_input(event, self._lockers)
        if translated is not None:
            self.feed(translated)

    # The journal's side

    def _journal_changed(self, result: Result) -> None:
        if result.trouble != self._trouble:
            before, self._trouble = self._trouble, result.trouble
            if before is not None:
                self.alarm("journal", before, present=False)
            if result.trouble is not None:
                self.alarm("journal", result.trouble)
            if result.trouble == "low":
                free_mb = self.machine.disk_free_mb(self.config.data_dir)
                self.journal.append(EntryType.DISK_LOW, {"free_mb": free_mb}, self.now())
        if result.new_epochs:
            self._loop.create_task(self._load_epochs())
        head = result.head
        fresh = result.durable and head is not None and self.outbox.durable(head.no, head.epoch, head.seq)
        if fresh and self.uplink is not None:
            self.uplink.nudge()

    async def _load_epochs(self) -> None:
        self._epochs_unread = False
        epochs = await self.journal.epochs()
        if epochs is None:
            self._epochs_unread = True  # `watch` has them read again: their numbers may be those of another file
        else:
            is_shorter = self.outbox.load(epochs)
            if self.uplink is not None:
                if is_shorter:
                    self.uplink.holds_less()
                self.uplink.nudge()

    # The wire's side (node.Node)

    def received(self, topic: Topic, envelope: bytes, retained: bool) -> None:
        """A message on one of the topics that go down."""
        for arrival in self._inbox.receive(topic, envelope, retained, self.now().ending_at):
            if isinstance(arrival, Receipt):
                self._receipt(arrival)
            elif isinstance(arrival, StateReceived):
                self.journal.keep({arrival.name: arrival.envelope}, self.now())
            else:
                if isinstance(arrival, Refused):
                    _log.warning("refused on %s: %s", arrival.topic, arrival.code)
                self.feed(arrival)

    def refused(self, topic: str, code: str) -> None:
        """A message was refused unread: counted."""
        self.feed(Refused(topic, code))

    def _receipt(self, receipt: Receipt) -> None:
        uplink = self.uplink
        if uplink is None or receipt.controller != self.config.controller or receipt.session != uplink.session:
            self.feed(Refused(Topic.RECEIPTS.value, "session"))
            return
        if receipt.issued_at > self._answered_at:  # an older one is late or replayed: it does not tell the time
            self._answered_at = receipt.issued_at
            self._note(self.clock.hear(Witness.GATEWAY, receipt.issued_at))
        uplink.receipt(receipt)

    def session_started(self, session: Session) -> None:
        """Commands of this session count from here."""
        self._answered_at = 0
        self.feed(SessionStarted(session))

    def session_ended(self) -> None:
        """Nothing that was sent in the session counts any longer."""
        self.feed(SessionEnded())

    def beat_sent(self, beat: str) -> None:
        """A beat is about to go out."""
        self.feed(BeatSent(beat))

    def birth(self, session: Session, beat: str) -> Birth:
        """The birth of this session, as of now."""
        return Birth(
            self.config.controller, session, beat, self._software, self.machine.boot_id, self.now().at,
            self.trust.trust_version, self.bank.list_version, self.bank.list_hash, self.bank.badge_key_ids,
            self.outbox.ranges(),
        )  # fmt: skip

    def health(self, session: Session, beat: str) -> Health:
        """How the controller is, as of now."""
        now, machine = self.now(), self.machine
        return Health(
            self.config.controller, session, beat, now.at, now.clock,
            machine.disk_free_mb(self.config.data_dir), machine.temperature_decicelsius(), self.queue,
            self.bank.list_version, self.faults, dict(self.bank.counters),
        )  # fmt: skip

    def alarm(self, source: str, code: str, *, present: bool = True) -> None:
        """A fault outside the core began or ended."""
        if not present:
            self._alarms.discard((source, code))
        elif (source, code) not in self._alarms:
            self._alarms.add((source, code))
            _log.warning("fault: %s %s", source, code)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults in force, as many as a health message takes: the program's own before those of single lockers."""
        own = (Fault(source, code) for source, code in sorted(self._alarms))
        return tuple(islice((*own, *self.bank.faults), MOST_SHOWN))

    @property
    def queue(self) -> int:
        """Entries without a receipt, on disk and in memory."""
        return self.outbox.queue + self.journal.waiting

    # The course of things

    async def watch(self) -> None:
        """Once a second: clocks, journal, systemd's watchdog. Raises JournalError if the writer has died."""
        while True:
            self.look_at_clock()
            self.journal.tick(self.machine.mono_ms())
            if self._epochs_unread:
                self._loop.create_task(self._load_epochs())
            if not self.journal.alive:
                raise JournalError("broken", f"the journal's writer has died: {self.journal.failure}")
            self._beats += 1
            if (self._list_is_new or self._beats % _COLLECT_EVERY == 0) and not self._intents:
                self.machine.collect_garbage()
                if self._list_is_new:  # the old list and the message that brought the new one are large
                    self.machine.give_memory_back()
                self._list_is_new = False
            self.machine.notify("WATCHDOG=1")
            await asyncio.sleep(self._pace.look_s)

    def look_at_clock(self) -> None:
        """Hear the machine's clock, say what of the time is in doubt, and keep what is worth it."""
        self._note(self.clock.look())
        self.alarm("clock", "ahead", present=self.clock.waits())
        self.alarm("clock", "contradicted", present=self.clock.is_contradicted())
        if (state := self.clock.to_save()) is not None:
            self.journal.keep({"time": state}, self.now())

    def farewell(self, cause: str) -> None:
        """The journal's last words."""
        now = self.now()
        self._carry_out(self.bank.stop(now), now)
        self.journal.append(EntryType.STOPPING, {"cause": cause}, now)
        self.journal.keep({"time": self.clock.state()}, now)

    def set_time(self, instant: int) -> None:
        """A technician says the time. Raises ValueError outside 2020 to 2100."""
        self._note(self.clock.set_by_technician(instant))
        self.journal.keep({"time": self.clock.state()}, self.now())
        self.journal.copy_soon()  # it has the floor of before

    # The technician's side

    @contextmanager
    def hears(self, command: str) -> Iterator[asyncio.Queue[SendReply]]:
        """The life of a command that was ordered here: its replies go to the tool and not to the gateway."""
        steps = self._heard_here[command] = asyncio.Queue()
        try:
            yield steps
        finally:
            del self._heard_here[command]
