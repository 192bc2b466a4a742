"""What fails on the bench is told by the real controller, of that device alone, and told again when it is mended."""

from collections.abc import Iterator

import pytest

from simulator.fault_kinds import Target
from simulator.faults import FAULTS
from tests.integration.controller.conftest import World
from tests.integration.simulator.every_device_site import every_device_site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with every_device_site(tmp_path_factory.mktemp("faults")) as site:
        site.join()
        yield site


def _switch(site: World, name: str, on: bool, device: str) -> None:
    async def switch() -> None:
        await FAULTS[name].switch(site.bench.bank, on, Target(None, device))
        site.bench.bank.settle()

    site.bench.finish(switch())


def _told(site: World, kind: str, device: str) -> list[object]:
    return [entry.body.get("code") for entry in site.gateway.entries(kind) if entry.body["device"] == device]


def _of_others(site: World, device: str) -> int:
    return sum(entry.body["device"] != device for entry in site.gateway.entries("board_fault", "reader_fault"))


@pytest.mark.parametrize(
    ("name", "device", "kind", "code"),
    [
        ("board_silent", "xor", "board", "silent"),
        ("board_mute", "kerong", "board", "silent"),
        ("board_busy", "modbus", "board", "bad_reply"),
        ("board_hangs", "expander", "board", "missing"),
        ("reader_unplugged", "courtyard", "reader", "unplugged"),
        ("reader_silent", "cards", "reader", "silent"),
        ("reader_wrong_key", "porch", "reader", "bad_reply"),
        ("reader_unplugged", "desk", "reader", "unplugged"),
    ],
)
def test_a_fault_of_a_device_is_told_and_its_end_too(site: World, name: str, device: str, kind: str, code: str) -> None:
    faults, recoveries = len(_told(site, f"{kind}_fault", device)), len(_told(site, f"{kind}_recovered", device))
    others = _of_others(site, device)
    _switch(site, name, True, device)
    # Not always the first: a machine that is too busy for the board's pulse keeper tells that as well.
    site.gateway.wait(lambda: code in _told(site, f"{kind}_fault", device)[faults:], 15)
    _switch(site, name, False, device)
    site.gateway.wait(lambda: len(_told(site, f"{kind}_recovered", device)) > recoveries, 20)
    assert _of_others(site, device) == others
