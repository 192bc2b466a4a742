"""One gateway in the world: the real link, services and database, whose threads are timers of the world's loop."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gateway.access.commands import Orders
from gateway.link.inbox import TOGETHER
from gateway.link.service import CLIENT_ID, RETRY_S
from gateway.link.steps import Steps
from gateway.link.transport import Received, is_journal
from gateway.reports.ledger import KeptLedger
from simulator.errors import NotPossibleError
from simulator.world.broker import Broker
from simulator.world.chance import Chance
from simulator.world.gateway_database import GatewayDatabase, Killed
from simulator.world.gateway_keys import MemoryFieldKeys, MemoryKeystore
from simulator.world.gateway_transport import GatewayTransport, Occasions
from simulator.world.trace import Trace


@dataclass(frozen=True, slots=True)
class GatewayPace:
    """How slowly a gateway of the world lives, in virtual ms: years have to pass in minutes. In production ticks come
    every 2 s, everything is renewed every 30 s, and reconnecting waits at most 15 s."""

    tick_ms: int = 6 * 3_600_000
    renew_every_ticks: int = 12
    step_ms: int = 10
    reconnect_at_most_ms: int = 300_000
    retry_ms: int = round(RETRY_S * 1_000)


class _Process:
    """One life of the gateway's process, from its start to its end."""

    def __init__(self, gateway: "Gateway") -> None:
        self._gateway = gateway
        self._loop = gateway.broker.loop
        self._pace = gateway.pace
        self._started_ms = self._loop.now_ms
        self._over = False
        self._ticks = 0
        self._live: deque[Received] = deque()
        self._journal: deque[Received] = deque()
        self.transport = GatewayTransport(
            gateway.broker,
            gateway.name,
            self._arrived,
            gateway.chance,
            gateway.occasions,
            gateway.pace.reconnect_at_most_ms,
            lambda topic, payload: gateway.on_sent(topic, payload),
        )
        self.ledger = KeptLedger(gateway.storage.database)
        self.steps = Steps(
            gateway.storage.database, gateway.keystore, self.transport, now=gateway.now, mono_ms=self._mono_ms
        )

    def start(self) -> None:
        """Raises DBAPIError if the database is away: the unit starts it again later."""
        self.steps.begin()
        self.transport.start()
        self._loop.after(1, self._tick)

    def end(self) -> None:
        """It does nothing any more."""
        if not self._over:
            self._over = True
            self.steps.end()

    def _mono_ms(self) -> int:
        return self._loop.now_ms - self._started_ms

    def _arrived(self, message: Received) -> None:
        waiting, turn = (self._journal, self._store) if is_journal(message.topic) else (self._live, self._listen)
        waiting.append(message)
        if len(waiting) == 1:
            self._soon(turn)

    def _soon(self, turn: Callable[[], None], after_ms: int = 0) -> None:
        self._loop.after(after_ms or self._pace.step_ms + self._gateway.storage.slow_ms, turn)

    def _listen(self) -> None:
        self._step(self._live, 1, lambda messages: self.steps.listen(messages[0]), self._listen)

    def _store(self) -> None:
        self._step(self._journal, TOGETHER, self.steps.store, self._store)

    def _step(
        self, waiting: deque[Received], most: int, take: Callable[[list[Received]], None], again: Callable[[], None]
    ) -> None:
        if self._over:
            return
        messages = [waiting[at] for at in range(min(most, len(waiting)))]
        if not self._alive(lambda: take(messages)):
            self._soon(again, self._pace.retry_ms)
            return
        for _ in messages:
            waiting.popleft()
        if waiting:
            self._soon(again)

    def _tick(self) -> None:
        if self._over:
            return
        renew = self._ticks % self._pace.renew_every_ticks == 0
        if self._alive(lambda: self.steps.tick(renew=renew)):
            self._ticks += 1
            self._loop.after(self._pace.tick_ms, self._tick)
        else:
            self._loop.after(self._pace.retry_ms, self._tick)

    def _alive(self, step: Callable[[], None]) -> bool:
        """Whether the step was done; False if it is to be tried again. A process that is killed in it has done it."""
        try:
            step()
        except DBAPIError:
            return False
        except Killed:
            self._gateway.crash()
        return True


class Gateway:
    """`storage` and `keystore` are what survives its process. `clock_ms`: how wrong its clock is.

    `on_sent` hears of everything it publishes (topic, envelope), before the broker does.
    """

    def __init__(
        self,
        broker: Broker,
        chance: Chance,
        *,
        name: str = CLIENT_ID,
        keystore: MemoryKeystore | None = None,
        field_keys: MemoryFieldKeys | None = None,
        pace: GatewayPace | None = None,
        trace: Trace | None = None,
    ) -> None:
        self.broker = broker
        self.name = name
        self.chance = chance.stream(f"gateway {name}")
        self.pace = pace or GatewayPace()
        self.keystore = keystore or MemoryKeystore()
        self.field_keys = field_keys or MemoryFieldKeys()
        self.storage = GatewayDatabase(self.field_keys)
        self.occasions = Occasions()
        self.clock_ms = 0
        self.on_sent: Callable[[str, bytes], None] = lambda _topic, _payload: None
        self._chance = chance
        self._trace = trace or Trace()
        self._process: _Process | None = None

    def now(self) -> int:
        """Its clock (unix ms)."""
        return self.broker.loop.now_ms + self.clock_ms

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return self._process is not None

    @property
    def hears(self) -> bool:
        """Whether its process lives, and its database takes what it is told."""
        return self._process is not None and not self.storage.is_disturbed and not self.occasions.names

    @property
    def steps(self) -> Steps:
        """The parts of its process, which must be running."""
        assert self._process is not None, "the gateway is not running"
        return self._process.steps

    @property
    def ledger(self) -> KeptLedger:
        """What its process, which must be running, keeps of the facts that figures are made of."""
        assert self._process is not None, "the gateway is not running"
        return self._process.ledger

    @property
    def orders(self) -> Orders:
        """What commands need, of its process, which must be running."""
        return self.steps.orders

    def start(self) -> None:
        """Its process begins, if there is none; without a database it is tried again, as its unit does."""
        if self._process is not None:
            return
        process = _Process(self)
        try:
            process.start()
        except DBAPIError:
            process.end()
            self.broker.loop.after(self.pace.retry_ms, self.start)
            return
        self._process = process
        self._tell("started")

    def stop(self) -> None:
        """An orderly end."""
        process = self._end()
        if process is not None:
            process.transport.stop()
            self._tell("stopped")

    def crash(self, *, silent: bool = False) -> None:
        """Its process is killed, or (`silent`) its machine loses power."""
        process = self._end()
        if process is not None:
            process.transport.die(silent=silent)
            self._tell("silenced" if silent else "killed")

    def restart(self, after_ms: int = 2_000) -> None:
        """Killed, and started again by its unit."""
        self.crash()
        self.broker.loop.after(after_ms, self.start)

    def crash_at(self, occasion: str) -> None:
        """Killed when it next would `commit`, `acknowledge` or `publish`."""
        if occasion == "commit":
            self.storage.die_at_commit()
        else:
            self.occasions.names.add(occasion)

    def restore(self, saved: bytes) -> None:
        """Its database is put back to what `storage.backup()` gave; killed if it runs, and not started again."""
        self.crash()
        self.storage.restore(saved)

    def twin(self, name: str) -> "Gateway":
        """A second gateway on a copy of the database, with the same keys: what a split leaves. Not started."""
        twin = Gateway(
            self.broker, self._chance, name=name, keystore=self.keystore, field_keys=self.field_keys, pace=self.pace,
            trace=self._trace,
        )  # fmt: skip
        twin.storage.restore(self.storage.backup())
        twin.on_sent = self.on_sent
        return twin

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A unit of work of its process, for whoever calls services. Raises what the service raises, DBAPIError, and
        NotPossibleError where there is no process or it is killed meanwhile."""
        if self._process is None:
            raise NotPossibleError(f"{self.name} is not running")
        try:
            with self.storage.database.writing() as session:
                yield session
        except Killed:
            self.crash()
            raise NotPossibleError(f"{self.name} was killed") from None

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A consistent view."""
        with self.storage.database.reading() as session:
            yield session

    def close(self) -> None:
        """The world ends."""
        self._end()
        self.storage.close()

    def _tell(self, what: str) -> None:
        self._trace.note(self.broker.loop.now_ms, self.name, what)

    def _end(self) -> _Process | None:
        process, self._process = self._process, None
        if process is not None:
            process.end()
        return process
