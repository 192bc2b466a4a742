"""Whatever is lost, doubled, reordered or restored, the gateway ends with every entry once and in order."""

from hypothesis import given, settings
from hypothesis import strategies as st

from controller.outbox import Outbox
from controller.store import EpochState
from wire.limits import MAX_BATCHES_IN_FLIGHT

EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(1, 40)),
        st.tuples(st.just("send"), st.integers(1, 30)),
        st.tuples(st.just("deliver"), st.integers(0, 30)),
        st.tuples(st.just("lose"), st.integers(0, 30)),
        st.tuples(st.just("acknowledge"), st.integers(1, 20)),
        st.tuples(st.just("receipt"), st.integers(0, 3)),
        st.tuples(st.just("wait"), st.integers(1, 300)),
        st.tuples(st.just("stale"), st.integers(0, 30)),
        st.tuples(st.just("restore"), st.integers(0, 60)),
        st.tuples(st.just("reconnect"), st.just(0)),
        st.tuples(st.just("epoch"), st.integers(1, 20)),
    ),
    max_size=80,
)


class Wire:
    """The outbox, a gateway that stores what follows on, and everything on its way between them."""

    def __init__(self) -> None:
        self.box = Outbox()
        self.last = {"e1": 1}
        self.box.load([EpochState(1, "e1", 0, 0, 1, bytes(32))])
        self.flying: list[tuple[str, int, int]] = []
        self.stored: dict[str, int] = {}
        self.receipts: list[tuple[str, int, int]] = []
        self.owed = 0
        self.now_ms = 0
        self.box.session_started(0)

    def step(self, event: str, value: int) -> None:
        self.now_ms += 100
        getattr(self, event)(value)
        assert self.box.in_flight <= MAX_BATCHES_IN_FLIGHT

    def append(self, count: int) -> None:
        epoch = f"e{len(self.last)}"
        self.last[epoch] += count
        self.box.durable(len(self.last), epoch, self.last[epoch])

    def epoch(self, count: int) -> None:
        name = f"e{len(self.last) + 1}"
        self.last[name] = count
        self.box.durable(len(self.last), name, count)

    def send(self, count: int) -> None:
        wanted = self.box.next_page()
        if wanted is not None:
            count = min(count, self.last[wanted.epoch] - wanted.first + 1)
            assert count >= 1, "only what is on disk is asked for"
            self.box.sent(wanted, count, self.now_ms)
            self.owed += 1
            self.flying.append((wanted.epoch, wanted.first, wanted.first + count - 1))

    def acknowledge(self, count: int) -> None:
        for _ in range(min(count, self.owed)):
            self.owed -= 1
            self.box.acknowledged(self.now_ms)

    def wait(self, seconds: int) -> None:
        self.now_ms += 1_000 * seconds
        assert not (self.box.tick(self.now_ms) and self.owed), "sent again while the broker owes an acknowledgement"

    def deliver(self, index: int) -> None:
        if self.flying:
            epoch, first, last = self.flying[index % len(self.flying)]  # it stays: QoS 1 may double
            if first <= self.stored.get(epoch, 0) + 1:
                self.stored[epoch] = max(self.stored.get(epoch, 0), last)
            self.receipt(0)

    def lose(self, index: int) -> None:
        if self.flying:
            del self.flying[index % len(self.flying)]

    def receipt(self, _: int) -> None:
        for epoch in self.last:
            through = self.stored.get(epoch, 0)
            self.receipts.append((epoch, through, self.now_ms))
            self.box.received(epoch, through, self.now_ms, self.now_ms)

    def stale(self, index: int) -> None:
        """A broker replays an old receipt."""
        if self.receipts:
            epoch, through, issued_at = self.receipts[index % len(self.receipts)]
            self.box.received(epoch, through, issued_at, self.now_ms)

    def restore(self, count: int) -> None:
        """The gateway's database is yesterday's; its next receipt says so."""
        self.stored = {epoch: min(through, count) for epoch, through in self.stored.items()}
        self.now_ms += 1
        self.receipt(0)

    def reconnect(self, _: int) -> None:
        self.flying.clear()
        self.owed = 0
        self.receipts.clear()  # those of another session are refused before they come here
        self.box.session_ended()
        assert self.box.next_page() is None
        self.box.session_started(self.now_ms)


@settings(max_examples=300)
@given(EVENTS)
def test_after_healing_the_gateway_has_everything_and_nothing_is_left(events: list[tuple[str, int]]) -> None:
    wire = Wire()
    for event, value in events:
        wire.step(event, value)
    wire.reconnect(0)
    for _ in range(2_000):
        if wire.box.queue == 0 and wire.stored == wire.last:
            break
        wire.step("send", 30)
        if wire.flying:
            wire.step("deliver", 0)
            wire.flying.pop(0)
        wire.acknowledge(1)
        wire.now_ms += 500
        wire.box.tick(wire.now_ms)
    assert wire.stored == wire.last
    assert wire.box.queue == 0
    assert wire.box.ranges() == ()
