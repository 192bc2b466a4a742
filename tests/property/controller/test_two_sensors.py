"""Whatever door and latch say, in any order: what lasts is told as the table has it, and nobody is kept out."""

from hypothesis import example, given
from hypothesis import strategies as st

from controller.latches import MOMENT_MS
from controller.releases import RETRY_WITHIN_MS
from tests.unit.controller.core.driver import Driver, entries, grant, make_driver, released

Step = tuple[str, int]
steps = st.lists(
    st.tuples(
        st.sampled_from(["door opens", "door closes", "latch opens", "latch closes", "badge", "nothing"]),
        st.sampled_from([0, 30, 500, 1_999, 2_001, MOMENT_MS - 1, MOMENT_MS, 20_000]),
    ),
    max_size=30,
)
QUIET_MS = 60_000


class Model:
    """Its own idea of one locker: both sensors, and whether a release or an open door explains a drawn bolt."""

    def __init__(self) -> None:
        self.door = self.latch = False
        self.explained = False

    def expects(self) -> set[str]:
        """The codes that must be in force once everything has lasted."""
        if self.door and not self.latch:
            return {"tampered"}
        if self.latch and not self.door:
            return {"ajar"} if self.explained else {"tampered"}
        return set()


def prepared() -> tuple[Driver, Model]:
    """Locker 1, shut, both sensors seen to move."""
    driver = make_driver(grant(1, 1), releases_since_change=dict.fromkeys(range(1, 7), 0))
    for sensor in (driver.door, driver.latch):
        sensor(1, opens=False)
    driver.tap(1)
    for sensor, opens in ((driver.latch, True), (driver.door, True), (driver.door, False), (driver.latch, False)):
        sensor(1, opens=opens)
    driver.wait(QUIET_MS)
    return driver, Model()


def take(driver: Driver, model: Model, what: str) -> None:
    bay = driver.bank.bays[1]
    before = model.latch
    if what == "badge":
        driver.tap(1)
    elif what.startswith("door"):
        model.door = what == "door opens"
        driver.door(1, opens=model.door)
        model.explained = model.explained or model.door
    elif what.startswith("latch"):
        model.latch = what == "latch opens"
        if model.latch and not before:
            in_release = driver.mono_ms <= bay.explained_until_ms and bay.last_release is not None
            model.explained = model.door or in_release
        driver.latch(1, opens=model.latch)
        if not model.latch:
            model.explained = False


@example([("latch opens", 500), ("door opens", 500), ("door closes", 0)])  # forced, and left ajar
@given(steps)
def test_what_lasts_is_told_as_the_table_has_it_and_is_over_when_it_is_over(history: list[Step]) -> None:
    driver, model = prepared()
    for what, wait_ms in history:
        take(driver, model, what)
        driver.wait(wait_ms)
    bay = driver.bank.bays[1]
    driver.wait(max(MOMENT_MS, RETRY_WITHIN_MS) + 10_000)
    told = driver.fault_codes() & {"ajar", "tampered"}
    expected = model.expects()
    if not bay.latch_believed:
        expected -= {"tampered"}
    assert told == expected
    begun = [entry for entry in entries(driver.effects, "tamper") if entry["active"]]
    over = [entry for entry in entries(driver.effects, "tamper") if not entry["active"]]
    if not entries(driver.effects, "suppressed"):
        assert len(begun) - len(over) == ("tampered" in told)


@given(steps)
def test_a_holder_gets_a_release_whatever_the_sensors_have_said(history: list[Step]) -> None:
    driver, model = prepared()
    for what, wait_ms in history:
        take(driver, model, what)
        driver.wait(wait_ms)
    driver.wait(QUIET_MS)
    assert released(driver.tap(1)) == [1]
