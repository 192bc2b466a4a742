"""A look into a locker says nothing of who came after it: the locker is not given to anybody before another one."""

from dataclasses import dataclass
from datetime import date, timedelta

import pytest

from gateway.contracts import service as contracts
from gateway.contracts.codes import EndReason
from gateway.contracts.models import Contract
from gateway.custody import readiness
from gateway.custody.codes import Check
from gateway.errors import ConflictError
from gateway.events.service import latest_events
from gateway.ingest.effects import take_effect
from gateway.ingest.service import Arrived, store
from gateway.link.steps import Steps
from gateway.lockers.free import free_lockers
from gateway.lockers.service import locker_of
from tests.unit.gateway.journal import Journal
from tests.unit.gateway.test_controllers import birth
from tests.unit.gateway.town import DAY, NOON, TODAY, Town
from wire.messages import Health

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
HOUR = DAY // 24
AHEAD = NOON + 20 * HOUR
TOMORROW = TODAY + timedelta(days=1)


@dataclass
class Clock:
    """The gateway's, as wrong as it is set."""

    now: int = NOON

    def __call__(self) -> int:
        return self.now


class Silent:
    """A transport on which nothing comes and goes."""

    is_connected = False

    def keep_alive(self) -> None:
        """There is nobody."""

    def ask_for_retained(self) -> None:
        """Nor does anybody answer."""


def told_time(steps: Steps, at: int, clock: str = "trusted") -> None:
    """The bank says that it is `at`, and by which clock; then the gateway's next tick comes."""
    born = birth()
    steps.keys.reload()
    steps.presence.born(born.controller, born, retained=False)
    steps.presence.settle(born.controller)
    health = Health(born.controller, born.session, "f" * 32, at, clock, None, None, 0, 0, ())
    assert steps.presence.beats(born.controller, health)
    steps.tick(renew=False)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def begun(town: Town, clock: Clock) -> Steps:
    """The gateway's process has just started."""
    made = Steps(town.database, town.keystore, Silent(), now=clock, mono_ms=lambda: 0)  # type: ignore[arg-type]
    made.tick(renew=False)
    return made


@pytest.fixture
def steps(town: Town, clock: Clock) -> Steps:
    return begun(town, clock)


def emptied(town: Town, now: int) -> Contract:
    """Its holder collects; staff look at `now`, and the time to collect is over at that moment, as the bank hears."""
    contract = town.assign(town.person("Nadia"), ends_on=date(2026, 12, 31))
    with town.writing() as session:
        contracts.end(session, contract.id, reason=EndReason.UNKNOWN.value, actor="amina", now=now)
        return contracts.confirm_emptied(
            session, contract.id, also=(Check.CLEANED, Check.LOCK), actor="amina", now=now + 1
        )


def free(town: Town, now: int) -> bool:
    with town.reading() as session:
        return 1 in [locker.number for locker in free_lockers(session, now)]


def lacking(town: Town, now: int) -> int:
    with town.reading() as session:
        return len(readiness.readiness(session, locker_of(session, town.bank, 1), now).lacking)


def test_a_locker_looked_into_before_its_holder_could_last_come_is_not_given_to_anybody(
    town: Town, steps: Steps, clock: Clock
) -> None:
    clock.now = AHEAD
    steps.tick(renew=False)
    emptied(town, AHEAD)
    clock.now = NOON + HOUR  # put right: for nineteen hours the holder still comes, and may leave something
    told_time(steps, NOON + HOUR)
    assert lacking(town, AHEAD + HOUR) == 3
    assert not free(town, AHEAD + HOUR)
    with pytest.raises(ConflictError) as refused:
        town.assign(town.person("Paul"), starts_on=TOMORROW, ends_on=date(2026, 12, 31), now=AHEAD + HOUR)
    assert refused.value.code == "locker_not_ready"
    with town.writing() as session:
        readiness.confirm(session, locker_of(session, town.bank, 1), tuple(Check), actor="amina", now=AHEAD + 2 * HOUR)
    assert free(town, AHEAD + 2 * HOUR)


def test_a_clock_that_was_put_right_while_the_gateway_was_stopped_is_noticed_at_its_start(
    town: Town, clock: Clock
) -> None:
    emptied(town, AHEAD)
    clock.now = NOON + HOUR
    told_time(begun(town, clock), NOON + HOUR)
    assert lacking(town, AHEAD + HOUR) == 3


def test_whoever_was_promised_the_locker_by_that_look_waits_for_another_one(
    town: Town, steps: Steps, clock: Clock
) -> None:
    clock.now = AHEAD
    steps.tick(renew=False)
    emptied(town, AHEAD)
    promised = town.assign(town.person("Paul"), starts_on=TOMORROW, ends_on=date(2026, 12, 31), now=AHEAD + HOUR)
    assert promised.holdings[0].waits_since is None
    clock.now = NOON + HOUR
    told_time(steps, NOON + HOUR)
    with town.reading() as session:
        assert contracts.contract_of(session, promised.id).holdings[0].waits_since == NOON + HOUR


@pytest.mark.parametrize("behind_ms", [0, 30_000])
def test_a_look_stays_whose_clock_was_right_or_that_of_another_machine_some_seconds_ahead(
    town: Town, clock: Clock, behind_ms: int
) -> None:
    emptied(town, NOON)
    clock.now = NOON - behind_ms
    told_time(begun(town, clock), NOON - behind_ms)
    assert free(town, NOON + HOUR)


def told(town: Town, at: int, now: int, kind: str | None = "holder", digest: str | None = "ab" * 16) -> None:
    """The bank says at `now` that locker 1 was opened at `at`."""
    journal = Journal().start()
    journal.write("release_intended", at, release="r", locker=1, cause="badge", attempt=1, digest=digest, kind=kind)
    with town.writing() as session:
        take_effect(session, store(session, [Arrived(town.bank, journal.batch())], now=now), now=now)


def withdrawn(town: Town) -> int:
    with town.reading() as session:
        return len(latest_events(session, kinds=["locker_look_withdrawn"], bank_id=town.bank, locker=1))


@pytest.mark.parametrize("opened_at", [NOON - HOUR, NOON + HOUR])
def test_a_use_of_which_a_bank_tells_after_the_look_asks_for_another_one_whatever_its_clock_says(
    town: Town, opened_at: int
) -> None:
    emptied(town, NOON)
    assert free(town, NOON + 2 * HOUR)
    told(town, opened_at, NOON + 2 * HOUR)
    assert lacking(town, NOON + 2 * HOUR) == 3
    assert not free(town, NOON + 2 * HOUR)
    told(town, opened_at + 1, NOON + 3 * HOUR)
    assert withdrawn(town) == 1


@pytest.mark.parametrize(("kind", "digest"), [("staff", "ab" * 16), ("technician", "ab" * 16), (None, None)])
def test_staff_who_open_the_locker_after_their_look_need_not_look_again(
    town: Town, kind: str | None, digest: str | None
) -> None:
    emptied(town, NOON)
    told(town, NOON + HOUR, NOON + HOUR, kind, digest)
    assert free(town, NOON + HOUR)
    assert withdrawn(town) == 0


def test_whoever_has_the_locker_since_uses_it_and_nobody_has_to_look(town: Town) -> None:
    emptied(town, NOON)
    told_of = town.assign(town.person("Paul"), starts_on=TODAY, ends_on=date(2026, 12, 31), now=NOON + HOUR)
    told(town, NOON + 2 * HOUR, NOON + 2 * HOUR)
    assert told_of.holdings[0].waits_since is None
    assert withdrawn(town) == 0


def test_whoever_was_promised_the_locker_waits_where_its_last_holder_came_after_the_look(town: Town) -> None:
    emptied(town, NOON)
    promised = town.assign(town.person("Paul"), starts_on=TOMORROW, ends_on=date(2026, 12, 31), now=NOON + HOUR)
    assert promised.holdings[0].waits_since is None
    told(town, NOON + HOUR, NOON + 2 * HOUR)
    with town.reading() as session:
        assert contracts.contract_of(session, promised.id).holdings[0].waits_since == NOON + 2 * HOUR
