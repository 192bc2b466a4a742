"""Faults are switched device by device and door by door, and what they do is seen on the wires."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import serial

from simulator.devices import NEVER, Habit
from simulator.faults import BOARD_HABITS, FAULTS, READER_HABITS
from simulator.serial_boards.xor_board import sealed

BANK = {"bank": "every-device"}


@pytest.fixture
def bank(every_device: Any) -> Any:
    return every_device.world.banks["every-device"]


@pytest.fixture
def http(every_device_url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=every_device_url, params=BANK, timeout=10) as client:
        yield client


def faults(http: httpx.Client) -> dict[str, Any]:
    return {fault["name"]: fault for fault in http.get("/api/faults").json()["faults"]}


def switch(http: httpx.Client, name: str, on: bool, **target: Any) -> httpx.Response:
    return http.post(f"/api/faults/{name}", json={"on": on, **target})


def locker(http: httpx.Client, number: int) -> dict[str, Any]:
    return next(each for each in http.get("/api/bank").json()["lockers"] if each["number"] == number)


def test_every_habit_but_the_good_one_is_a_fault_of_some_device(http: httpx.Client) -> None:
    assert {*BOARD_HABITS.values(), *READER_HABITS.values()} == set(Habit) - {Habit.FINE}
    played = {name for name, fault in faults(http).items() if fault["devices"]}
    assert played >= {*BOARD_HABITS, *READER_HABITS}


def test_every_fault_says_what_it_means_in_both_languages(http: httpx.Client) -> None:
    for language in ("fr", "en"):
        for fault in http.get("/api/faults", params={"lang": language}).json()["faults"]:
            assert fault["label"]
            assert fault["meaning"].endswith((".", "…", "!", ")"))
            assert fault["group"]


def test_each_fault_of_each_device_goes_on_there_alone_and_off_again(http: httpx.Client) -> None:
    for name, fault in faults(http).items():
        for device in fault["devices"]:
            assert switch(http, name, True, device=device).status_code == 200
            on = [each for each, is_on in faults(http)[name]["devices"].items() if is_on]
            assert device in on
            assert len(on) == 1
            assert switch(http, name, False, device=device).status_code == 200
            assert not faults(http)[name]["on"]


def test_each_fault_of_a_door_goes_on_and_off_on_a_board_that_can_have_it(http: httpx.Client) -> None:
    for name, fault in faults(http).items():
        if fault["takes_number"]:
            number = 21  # on the Modbus relay, which has every sensor and says which coils it drives
            assert switch(http, name, True, number=number).status_code == 200, name
            assert name in http.get("/api/bank").json()["faults"]
            assert switch(http, name, False).status_code == 200
            assert name not in http.get("/api/bank").json()["faults"]


@pytest.mark.parametrize(
    ("name", "target", "status"),
    [
        ("board_silent", {"device": "nothing"}, 404),
        ("board_silent", {"device": "entrance"}, 404),
        ("reader_swapped", {"device": "entrance"}, 404),
        ("coil_stuck", {"number": 1}, 404),
        ("lock_wire_cut", {"number": 99}, 404),
        ("lock_wire_cut", {}, 422),
    ],
)
def test_a_fault_that_a_thing_cannot_have_is_refused(
    http: httpx.Client, name: str, target: dict[str, Any], status: int
) -> None:
    assert switch(http, name, True, **target).status_code == status
    assert http.get("/api/bank").json()["faults"] == []


def test_faults_of_latches_are_not_available_where_no_board_has_them(http: httpx.Client) -> None:
    refused = http.post("/api/faults/door_pried", params={"bank": "montreuil-1"}, json={"on": True, "number": 1})
    assert refused.status_code == 409
    assert "second sensor" in refused.json()["detail"]


def test_one_reader_unplugged_leaves_the_others_in(http: httpx.Client, bank: Any) -> None:
    switch(http, "reader_unplugged", True, device="courtyard")
    plugged = {reader["name"]: reader["plugged"] for reader in http.get("/api/bank").json()["readers"]}
    assert [name for name, is_in in plugged.items() if not is_in] == ["courtyard"]
    assert http.post("/api/badges/tag/tap", params={"reader": "courtyard"}).status_code == 409
    assert http.post("/api/badges/tag/tap", params={"reader": "entrance"}).status_code == 200
    assert not bank.places.line("courtyard").exists()


def test_a_badge_is_not_read_by_a_reader_of_another_kind(http: httpx.Client) -> None:
    refused = http.post("/api/badges/tag/tap", params={"reader": "gate"})
    assert refused.status_code == 409
    assert "does not read em4100" in refused.json()["detail"]


def test_keys_are_pressed_where_there_are_keys(http: httpx.Client) -> None:
    assert http.post("/api/readers/gate/keys", json={"keys": "12#"}).json() == {"reader": "gate", "keys": 3}
    assert http.post("/api/readers/porch/keys", json={"keys": "0*"}).status_code == 200
    assert http.post("/api/readers/entrance/keys", json={"keys": "1"}).status_code == 409
    assert http.post("/api/readers/gate/keys", json={"keys": "1a"}).status_code == 404


def test_inputs_are_shown_and_switched(http: httpx.Client, bank: Any) -> None:
    assert http.post("/api/inputs/supply", json={"active": True}).status_code == 200
    active = {each["name"]: each["active"] for each in http.get("/api/bank").json()["inputs"]}
    assert active == {"enclosure": False, "mains": False, "supply": True}
    assert bank.places.alarm.read_text() == "1\n"
    assert http.post("/api/inputs/door", json={"active": True}).status_code == 404


def open_order(bank: Any, *channels: int) -> None:
    """As a controller does it: the line is opened once. Closed, it needs a moment until the next may come."""
    with serial.Serial(str(bank.places.boards), 9600, timeout=5) as port:
        for channel in channels:
            port.write(sealed((0x8A, 1, channel, 0x11)))
            assert len(port.read(5)) == 5


def test_welded_coil_stays_on_and_its_door_will_not_stay_shut(http: httpx.Client, bank: Any, until: Callable) -> None:
    switch(http, "relay_welded", True, number=3)
    open_order(bank, 3)
    until(lambda: locker(http, 3)["door"] == "open", "door 3 open")
    http.post("/api/doors/3/close")
    until(lambda: locker(http, 3)["door"] == "open", "door 3 open again")
    until(lambda: bank.boards["xor"].device.due() == NEVER, "the board's pulse over")
    assert (locker(http, 3)["coil"], locker(http, 3)["welded"]) == (True, True)
    switch(http, "relay_welded", False)
    assert not locker(http, 3)["coil"]


def test_crossed_locks_open_each_others_door(http: httpx.Client, bank: Any, until: Callable) -> None:
    switch(http, "locks_crossed", True, number=5)
    open_order(bank, 5)
    until(lambda: locker(http, 6)["door"] == "open", "door 6 open")
    assert locker(http, 5)["releases"] == 0


def test_joined_locks_open_together_and_a_cut_one_stays_shut(http: httpx.Client, bank: Any, until: Callable) -> None:
    switch(http, "locks_joined", True, number=1)
    switch(http, "lock_wire_cut", True, number=4)
    open_order(bank, 4, 1)
    until(lambda: locker(http, 1)["door"] == locker(http, 2)["door"] == "open", "doors 1 and 2 open")
    assert locker(http, 4)["releases"] == 0


def test_board_with_a_wrong_address_is_silent_under_its_own(http: httpx.Client, bank: Any) -> None:
    switch(http, "board_wrong_dip", True, device="xor")
    with serial.Serial(str(bank.places.boards), 9600, timeout=0.2) as port:
        port.write(sealed((0x80, 1, 0, 0x33)))
        assert port.read(7) == b""
        port.timeout = 5
        port.write(sealed((0x80, 2, 0, 0x33)))
        assert len(port.read(7)) == 7


def test_the_faults_that_are_listed_are_those_that_there_are(http: httpx.Client) -> None:
    assert set(FAULTS) < set(faults(http))
