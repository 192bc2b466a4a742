"""Whose belongings are where: in doubt nothing is pulsed."""

import os
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from controller.cli import app
from controller.commission.disk import held_lockers, read_disk
from controller.config import load
from controller.errors import ControllerError
from controller.inputs import Moment
from controller.state_copy import COPY_NAME, write_copy
from controller.store import Store
from controller.technician.doctor.access import User
from tests.wire_samples import EXAMPLE_KEY
from wire.access_list import AccessList, Grant
from wire.envelope import sign
from wire.messages import encode
from wire.topics import Topic

DAY = 86_400_000
NOW = 1_800_000_000_000
MOMENT = Moment(0, NOW, NOW, NOW, "trusted")


def grant(kind: str, begin: int = -DAY, end: int = DAY, *lockers: int) -> Grant:
    return Grant(f"g-{kind}", "d" * 32, "k1", lockers or (3,), NOW + begin, NOW + end, kind)


def bank(folder: Path) -> Path:
    path = folder / "bank.toml"
    path.write_text(
        '[bank]\ncontroller = "b"\nzone = "Europe/Paris"\ndata_dir = "data"\n[broker]\nhost = "x"\n'
        '[boards.a]\ndriver = "xor_board"\nport = "/dev/x"\naddress = 1\nchannels = 8\n'
        '[[lockers]]\nnumbers = "1-8"\nboard = "a"\nchannels = "1-8"\n[time]\nsystem_clock = "trusted"\n'
    )
    (folder / "data").mkdir()
    return path


@pytest.mark.parametrize("kind", ["holder", "collect", "suspended"])
def test_belongings_of_anyone_hold_a_locker_until_the_grant_ends(kind: str) -> None:
    assert held_lockers([grant(kind)], MOMENT) == {3}
    assert held_lockers([grant(kind, -2 * DAY, -DAY)], MOMENT) == set()


def test_a_grant_that_has_not_begun_holds_nothing_yet() -> None:
    assert held_lockers([grant("holder", DAY, 2 * DAY)], MOMENT) == set()


def test_a_fresh_data_directory_holds_nobody(tmp_path: Path) -> None:
    disk = read_disk(load(bank(tmp_path)))
    assert disk.held() == set()
    assert disk.opened.store is not None
    disk.opened.store.close()


@pytest.mark.parametrize(
    "spoilt", [{"list_version": b"7"}, {"list": b"{"}, {"kept": b"\xff"}, {"kept": b'[{"id":"\xff"}]'}]
)
def test_a_list_that_cannot_be_read_is_no_empty_bank(tmp_path: Path, spoilt: dict[str, bytes]) -> None:
    config = load(bank(tmp_path))
    store = Store(config.data_dir / "journal.db")
    store.begin()
    store.put_state(dict(spoilt))
    store.commit()
    store.close()
    with pytest.raises(ControllerError) as refused:
        read_disk(config)
    assert refused.value.code == "held_unknown"


def test_a_journal_that_was_set_aside_without_a_list_is_no_empty_bank(tmp_path: Path) -> None:
    config = load(bank(tmp_path))
    (config.data_dir / "journal.db").write_bytes(b"not a database" * 200)
    for _ in range(2):  # the second time the new, empty journal is sound
        with pytest.raises(ControllerError) as refused:
            read_disk(config)
        assert refused.value.code == "held_unknown"


def test_belongings_hold_their_locker_where_the_journal_is_gone_and_its_copy_is_not(tmp_path: Path) -> None:
    config = load(bank(tmp_path))
    now = round(time.time() * 1_000)
    access_list = AccessList(
        "b",
        7,
        now,
        now + DAY,
        "Europe/Paris",
        {},
        ("k1",),
        (Grant("g", "d" * 32, "k1", (3,), now - DAY, now + DAY, "holder"),),
        (),
    )
    write_copy(
        config.data_dir / COPY_NAME,
        {"list": sign(EXAMPLE_KEY, Topic.ACCESS, encode(access_list)), "list_version": b"7"},
    )
    disk = read_disk(config)
    assert disk.held() == {3}
    assert disk.opened.store is not None
    disk.opened.store.close()


def test_another_user_than_the_services_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = bank(tmp_path)
    user = User("casier", 999, frozenset())
    monkeypatch.setattr("controller.commission.command.service_user", lambda _: user)
    done = CliRunner().invoke(app, ["commission", "--config", str(config)])
    assert done.exit_code == 1
    assert "runuser -u casier -G dialout" in done.stderr
    assert os.listdir(tmp_path / "data") == []


def test_without_a_journal_nothing_is_pulsed(tmp_path: Path) -> None:
    config = load(bank(tmp_path))
    (config.data_dir / "journal.db").mkdir()
    with pytest.raises(ControllerError) as refused:
        read_disk(config)
    assert refused.value.code == "journal"
    assert os.listdir(config.data_dir) == ["journal.db"]
