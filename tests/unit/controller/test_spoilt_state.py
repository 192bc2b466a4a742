"""State that the disk has spoilt unseen comes from its copy, and is sound again: at the next start, too."""

import asyncio
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from controller.bootstrap import assemble, load_identity
from controller.config import load
from controller.journal import NAME, open_journal
from controller.remembered import mended, sound_state
from controller.runtime import Runtime
from controller.state_copy import COPY_NAME, read_copy, write_copy
from controller.store import Store
from controller.timekeeping import FIRST_FLOOR
from controller.trust import write_root
from controller.witnesses import mono_ms
from tests.unit.controller.journal_lives import NOW, Life, access, live
from tests.unit.controller.test_runtime import BANK, until
from wire.envelope import sign
from wire.keys import seal, to_token
from wire.messages import Keys, SealedKey, Trust, TrustedKey, encode
from wire.topics import Topic

AT = 1_790_000_000_000
ROOT, GATEWAY = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()


class Bank:
    """A bank that follows list 2, whoever signed it, and had list 1 before, with the copy of its state."""

    def __init__(self, folder: Path) -> None:
        (folder / "bank.toml").write_text(BANK)
        self.config = load(folder / "bank.toml")
        self.data = self.config.data_dir
        self.data.mkdir()
        recipient = load_identity(self.data).encryption.public_key().public_bytes_raw()
        write_root(self.data, to_token(ROOT.public_key().public_bytes_raw()))
        key = TrustedKey(GATEWAY.public_key().public_bytes_raw(), AT + 10**12)
        sealed = SealedKey("k1", seal(b"k" * 32, recipient, "bank-1/k1"))
        self.state: dict[str, bytes] = {
            "trust": sign(ROOT, Topic.TRUST, encode(Trust("bank-1", 1, (key,)))),
            "keys": sign(GATEWAY, Topic.KEYS, encode(Keys("bank-1", 1, (sealed,)))),
            "list_previous": access(1), "list": access(2), "list_version": b"2", "kept": b"[]", "session": b"7",
        }  # fmt: skip
        store = Store(self.data / NAME)
        store.put_state({"list": access(1)})
        store.put_state(dict(self.state))
        store.close()
        write_copy(self.data / COPY_NAME, self.state)

    def spoil(self, name: str) -> None:
        spoil(self.data, name)

    def on_disk(self) -> dict[str, bytes]:
        store = Store(self.data / NAME)
        state = store.state()
        store.close()
        return state

    def lives(self) -> tuple[int, tuple[str, ...]]:
        """One life, long enough for a copy: the list in force and the badge keys held."""

        async def run() -> tuple[int, tuple[str, ...]]:
            runtime: Runtime = assemble(self.config, load_identity(self.data), open_journal(self.data))
            runtime.journal.start()
            runtime.begin("start")
            await until(lambda: runtime.journal.head is not None)
            runtime.journal.tick(mono_ms() + 5_000)
            assert runtime.journal.stop()
            return runtime.bank.list_version, runtime.bank.badge_key_ids

        return asyncio.run(run())


def spoil(data: Path, name: str) -> None:
    """Sixteen bytes of a value go bad in a way that SQLite does not notice."""
    store = Store(data / NAME)
    value = store.value(name)
    assert value is not None
    bad = value[:100] + b"\xa5" * 16 + value[116:]
    store.connection.execute("UPDATE state SET value=? WHERE name=?", (bad, name))
    store.close()


@pytest.mark.parametrize("name", ["list", "keys", "trust"])
def test_what_the_copy_has_mended_once_is_still_there_at_the_second_start(tmp_path: Path, name: str) -> None:
    bank = Bank(tmp_path)
    bank.spoil(name)
    assert bank.lives() == (2, ("k1",))
    assert bank.lives() == (2, ("k1",))
    on_disk = bank.on_disk()
    assert {each: on_disk[each] for each in bank.state} == bank.state
    assert read_copy(bank.data / COPY_NAME)[name] == bank.state[name]


def test_what_is_given_up_is_not_written_over() -> None:
    """That there was a list keeps an empty disk from passing for an empty bank."""
    state = {"list": b"spoilt", "list_previous": access(1), "list_version": b"2"}
    assert mended(state, sound_state(state, dict)) == {}


def test_the_floor_of_a_copy_is_a_day_behind_at_most_however_long_no_list_comes(tmp_path: Path) -> None:
    hour_ms = 3_600_000

    async def use(life: Life) -> None:
        journal, at_ms = life.journal, mono_ms()
        journal._mono_ms = lambda: at_ms
        for hour in range(60):
            at_ms += hour_ms
            journal.keep({"time": b'{"floor":%d}' % (AT + hour * hour_ms)}, NOW)
            await life.written()
            at_ms += 5_000
            journal.tick(at_ms)
            await journal.kept("time")  # the reader has done what it was given before
            copied = read_copy(tmp_path / COPY_NAME)["time"]
            copies.add(copied)
            assert msgspec.json.decode(copied)["floor"] >= AT + (hour - 24) * hour_ms

    copies: set[bytes] = set()
    live(tmp_path, use)
    assert len(copies) == 3, "against wear"


def test_the_copy_learns_at_once_that_a_technician_has_set_the_time_back(tmp_path: Path) -> None:
    bank = Bank(tmp_path)

    async def run() -> None:
        runtime: Runtime = assemble(bank.config, load_identity(bank.data), open_journal(bank.data))
        runtime.journal.start()
        runtime.begin("start")
        runtime.journal._copy_due = False
        runtime.set_time(FIRST_FLOOR - 86_400_000)
        await until(lambda: runtime.journal.head is not None and runtime.journal.waiting == 0)
        assert runtime.journal.trouble is None
        stored: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        runtime.journal.keep({"session": b"8"}, runtime.now(), stored.set_result)
        assert await stored
        runtime.journal.tick(mono_ms() + 5_000)
        assert runtime.journal.stop()

    asyncio.run(run())
    assert msgspec.json.decode(read_copy(bank.data / COPY_NAME)["time"])["floor"] < FIRST_FLOOR


def test_a_copy_keeps_what_it_has_of_a_value_that_the_disk_spoils_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / COPY_NAME

    async def use(life: Life) -> None:
        life.journal.keep({"list": access(2), "session": b"7"}, NOW)
        await life.written(locker=1)
        life.journal._maintain(copy=True)
        spoil(tmp_path, "list")
        life.journal.keep({"keys": sign(GATEWAY, Topic.KEYS, b"new")}, NOW)
        await life.written(locker=2)
        life.journal._maintain(copy=True)

    live(tmp_path, use)
    assert read_copy(path)["list"] == access(2)
    assert "keys" in read_copy(path)
