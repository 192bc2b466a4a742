"""A real controller with a Wiegand keypad and two-sensor lockers on simulated pins: PINs, staff, ajar doors, lights."""

import json
import time
from collections.abc import Callable, Iterator

import pytest

from controller.bank_config import OPEN_WITHIN_MS
from simulator.plans.badge import BadgePlan
from simulator.plans.gpio import GpioPlan
from simulator.plans.wiegand import WiegandPlan
from simulator.scenario import BankPlan
from tests.integration.controller.conftest import CONTROLLER, DAY_MS, World, eventually, now_ms
from wire.access_list import Grant
from wire.badge import badge_digest, canonical_number
from wire.entries import Entry
from wire.pin import pin_hash

PIN = "82659174"
NUMBERS = {"guarded": "12-3456", "staff": "12-3457"}
PLAN = BankPlan(
    CONTROLLER,
    {"pins": GpioPlan(locks=(17, 27), doors=(4, 5), latches=(22, 24), lights=(25, 26))},
    readers={"gate": WiegandPlan(d0=14, d1=15, keypad=4)},
    badges=tuple(BadgePlan(label, number, technology="wiegand26") for label, number in NUMBERS.items()),
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, conforms: Callable[[str, bytes], None]) -> Iterator[World]:
    site = World(tmp_path_factory.mktemp("keypads"), "mosquitto", "trusted", plan=PLAN)
    try:
        site.join(guarded(site), grant(site, "staff", (1, 2), "staff"))
        yield site
        for topic, data in site.gateway.captured:
            conforms(topic, data)
    finally:
        site.close()


def grant(site: World, label: str, lockers: tuple[int, ...], kind: str, pin: str | None = None) -> Grant:
    digest = badge_digest(site.gateway.badge_key, canonical_number("wiegand26", NUMBERS[label]))
    at, key = now_ms(), site.gateway.badge_key
    hashed = None if pin is None else pin_hash(key, digest, pin)
    return Grant(f"g-{label}", digest, "k1", lockers, at - DAY_MS, at + DAY_MS, kind, pin=hashed)


def guarded(site: World) -> Grant:
    return grant(site, "guarded", (1,), "holder", PIN)


def comes(site: World, label: str) -> None:
    """Hold a badge to the gate until it is asked for something: a reader is not believed in its first second."""
    for _ in range(3):
        site.bench.do(lambda: site.bench.bank.tap(label, 100, "gate"))
        if _is_asked(site):
            return
    pytest.fail(f"{label} was not asked for anything: {site.gateway.entries()[-3:]}")


def _is_asked(site: World) -> bool:
    """Amber by turns: nothing else that happens here shows it."""
    try:
        eventually(lambda: site.bench.bank.indicator.light == "amber", within_s=1.5)
    except AssertionError:
        return False
    return True


def shut(site: World, locker: int) -> None:
    """Push a door shut for good: while its coil is on it would only spring open again."""
    bank, known = site.bench.bank, count(site, "door_closed")
    eventually(lambda: not bank.doors[locker].coil)
    site.bench.do(lambda: bank.push(locker))
    newest(site, "door_closed", known)


def types(site: World, keys: str) -> None:
    site.bench.do(lambda: site.bench.bank.press("gate", keys))


def newest(site: World, kind: str, known: int) -> Entry:
    found: list[Entry] = site.gateway.stored(kind, known + 1)
    return found[-1]


def count(site: World, kind: str) -> int:
    return len(site.gateway.entries(kind))


def open_for_staff(site: World, locker: int) -> Entry:
    """The intent of a staff badge and that number; returns once the door is seen to be open."""
    known, opened = count(site, "release_intended"), count(site, "door_opened")
    comes(site, "staff")
    types(site, f"{locker}#")
    intent = newest(site, "release_intended", known)
    newest(site, "door_opened", opened)
    return intent


def open_with_pin(site: World) -> Entry:
    """The intent of badge and PIN; returns once the door is seen to be open."""
    known, opened = count(site, "release_intended"), count(site, "door_opened")
    comes(site, "guarded")
    types(site, f"{PIN}#")
    intent = newest(site, "release_intended", known)
    newest(site, "door_opened", opened)
    return intent


def test_badge_and_pin_open_one_locker_and_light_it_until_its_door_is_shut(site: World) -> None:
    bank, intent = site.bench.bank, open_with_pin(site).body
    assert (intent["locker"], intent["pin"]) == (1, "checked")
    eventually(lambda: bank.lights[1])
    shut(site, 1)
    eventually(lambda: not bank.lights[1])


def test_a_staff_badge_and_a_number_open_that_locker(site: World) -> None:
    intent = open_for_staff(site, 2).body
    assert (intent["locker"], intent["kind"], intent["cause"]) == (2, "staff", "badge")
    shut(site, 2)


def test_a_door_that_is_pushed_to_and_does_not_catch_is_told_until_it_does(site: World) -> None:
    bank, ajar = site.bench.bank, {"source": "locker 2", "code": "ajar"}
    open_for_staff(site, 2)
    known = count(site, "door_left_open")
    eventually(lambda: not bank.doors[2].coil)
    site.bench.do(lambda: (bank.doors[2].catch(False, bank.now()), bank.settle()))
    assert newest(site, "door_left_open", known).body["code"] == "ajar"
    assert ajar in site.status()["faults"]
    known = count(site, "door_closed")
    site.bench.do(lambda: (bank.doors[2].catch(True, bank.now()), bank.settle()))
    assert newest(site, "door_closed", known).body["sensor"] == "latch"
    assert ajar not in site.status()["faults"]


def test_a_door_bent_open_around_its_bolt_is_forced_and_tampered_with(site: World) -> None:
    bank = site.bench.bank
    intent = open_for_staff(site, 2)  # its latch is seen to work
    shut(site, 2)
    eventually(lambda: time.monotonic() * 1_000 > intent.mono_ms + OPEN_WITHIN_MS + 500)  # no release explains it
    forced, tampered = count(site, "door_forced"), count(site, "tamper")
    site.bench.do(lambda: (bank.doors[2].pry(bank.now()), bank.settle()))
    newest(site, "door_forced", forced)
    assert newest(site, "tamper", tampered).body["code"] == "open_while_latched"
    shut(site, 2)


def test_a_wrong_pin_is_refused(site: World) -> None:
    known = count(site, "badge_refused")
    comes(site, "guarded")
    types(site, "0000#")
    assert newest(site, "badge_refused", known).body["why"] == "pin"


def test_no_pin_is_in_a_log_on_the_wire_or_on_the_disk(site: World) -> None:
    open_with_pin(site)
    shut(site, 1)
    kept = b"".join(path.read_bytes() for path in site.folder.rglob("*") if path.is_file())
    sent = json.dumps([repr(data) for _, data in site.gateway.captured])
    assert PIN.encode() not in kept
    assert PIN not in sent
