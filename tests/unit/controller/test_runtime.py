"""The loop around the core: a disk that stalls keeps nobody out, and a defect drops every coil."""

import asyncio
import socket
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from controller.bootstrap import assemble, load_identity
from controller.config import load
from controller.errors import JournalError
from controller.inputs import BadgeKeysReceived, BadgePresented, DeviceFailed, ListReceived
from controller.journal import open_journal
from controller.journal_threads import Threads
from controller.pending import Result
from controller.runtime import Runtime
from controller.store import EpochState, Store
from controller.witnesses import mono_ms
from hw.errors import ReleaseForbidden
from hw.ports import BadgeRead, Coil, LockFailed
from tests.unit.controller.journal_lives import left_in
from wire.access_list import AccessList, Grant, decode_access_list
from wire.badge import badge_digest
from wire.envelope import sign
from wire.messages import Fault, Health, Receipt, Session, decode, encode
from wire.topics import Topic

BANK = """\
[bank]
controller = "bank-1"
zone = "Europe/Paris"
data_dir = "data"
[broker]
host = "127.0.0.1"
port = 1
[boards.a]
driver = "xor_board"
port = "/nowhere/at-all"
address = 1
channels = 4
[[lockers]]
numbers = "11-14"
board = "a"
channels = "1-4"
"""
KEY = b"k" * 32
NUMBER = "62E3086CED"


class Life:
    """A runtime with its real journal; the boards are replaced by a list of what would have been energised."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (folder / "bank.toml").write_text(BANK)
        config = load(folder / "bank.toml")
        config.data_dir.mkdir(exist_ok=True)
        self.runtime: Runtime = assemble(config, load_identity(config.data_dir), open_journal(config.data_dir))
        self.energised: list[tuple[Coil, int]] = []
        self.dropped = 0
        monkeypatch.setattr(self.runtime.hardware, "release", self._release)
        monkeypatch.setattr(self.runtime.hardware, "all_off", self._all_off)

    def _release(self, coil: Coil) -> None:
        self.energised.append((coil, mono_ms()))

    def _all_off(self) -> None:
        self.dropped += 1

    async def begin(self) -> None:
        self.runtime.journal.start()
        self.runtime.begin("start")
        at = self.runtime.now().at
        grant = Grant("g", badge_digest(KEY, f"em4100:{NUMBER}"), "k1", (12,), at - 10**6, at + 10**9, "holder")
        access_list = AccessList("bank-1", 1, at, at + 10**9, "Europe/Paris", {}, ("k1",), (grant,), ())
        self.runtime.feed(BadgeKeysReceived({"k1": KEY}))
        self.runtime.feed(ListReceived(access_list, encode(access_list), b"its envelope"))
        await until(lambda: self.runtime.journal.head is not None and self.runtime.journal.head.seq >= 2)

    def tap(self) -> int:
        """Present the badge; answers when, in monotonic milliseconds."""
        now_ms = mono_ms()
        self.runtime.feed(BadgePresented("entrance", "em4100", NUMBER, now_ms))
        return now_ms


def live(folder: Path, monkeypatch: pytest.MonkeyPatch, use: Callable[[Life], Awaitable[None]]) -> None:
    async def run() -> None:
        life = Life(folder, monkeypatch)
        await life.begin()
        try:
            await use(life)
        finally:
            assert life.runtime.journal.stop()

    asyncio.run(run())


async def until(condition: Callable[[], bool], within_s: float = 10) -> None:
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - other threads change it
            await asyncio.sleep(0.005)


def test_a_valid_badge_energises_its_locker_once_the_intent_is_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_disk: list[int] = []

    async def use(life: Life) -> None:
        release = life._release

        def look(coil: Coil) -> None:
            reader = Store(tmp_path / "data" / "journal.db")
            on_disk.append(sum(b"release_intended" in line for line in reader.newest_lines(10)))
            reader.close()
            release(coil)

        monkeypatch.setattr(life.runtime.hardware, "release", look)
        life.tap()
        await until(lambda: bool(life.energised))
        assert life.energised[0][0] == Coil("a", 2)

    live(tmp_path, monkeypatch, use)
    assert on_disk == [1]


def test_a_disk_that_stalls_delays_a_release_by_250_ms_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(life: Life) -> None:
        answers = threading.Event()
        commit = Store.commit

        def stall(store: Store) -> None:
            answers.wait(10)
            commit(store)

        with monkeypatch.context() as stalled:
            stalled.setattr(Store, "commit", stall)
            try:
                tapped_ms = life.tap()
                await until(lambda: bool(life.energised), within_s=2)
                assert 250 <= life.energised[0][1] - tapped_ms < 1_000
            finally:
                answers.set()
        journal = life.runtime.journal
        await until(lambda: journal.head is not None and journal.head.seq >= 4)
        assert len(life.energised) == 1, "the late answer must not fire again"

    live(tmp_path, monkeypatch, use)
    types = [entry.type for entry in left_in(tmp_path / "data").recent]
    assert "release_intended" in types
    assert "journal_late" in types


def test_an_intent_that_settles_once_the_program_ends_energises_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between all coils off and the boards' own end the last words are sent, which takes a while."""

    async def use(life: Life) -> None:
        life.tap()
        life.runtime.end()
        assert life.dropped == 1
        await until(lambda: life.runtime.journal.waiting == 0)
        await asyncio.sleep(0.3)  # by then even one that is late would have been taken up
        assert life.energised == []

    live(tmp_path, monkeypatch, use)


def test_a_release_that_the_guard_refuses_is_a_failed_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def use(life: Life) -> None:
        def refuse(_: Coil) -> None:
            raise ReleaseForbidden("duty", "the coil is warm")

        monkeypatch.setattr(life.runtime.hardware, "release", refuse)
        life.tap()
        journal = life.runtime.journal
        await until(lambda: journal.head is not None and journal.head.seq >= 4)

    live(tmp_path, monkeypatch, use)
    failed = [entry for entry in left_in(tmp_path / "data").recent if entry.type == "release_failed"]
    assert [entry.body["code"] for entry in failed] == ["refused_by_guard"]


def test_a_defect_drops_every_coil_and_ends_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def use(life: Life) -> None:
        def defect(*_: Any) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(life.runtime.bank, "handle", defect)
        life.runtime.device(LockFailed("a", 1, "no_reply", 0))
        assert life.dropped == 1
        with pytest.raises(ZeroDivisionError):
            life.runtime.failed.result()

    live(tmp_path, monkeypatch, use)


def test_after_a_defect_nothing_is_energised_any_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def use(life: Life) -> None:
        life.tap()
        life.runtime.fail(ZeroDivisionError("half a step"))
        head = life.runtime.journal.head
        await until(lambda: life.runtime.journal.head != head)
        await asyncio.sleep(0)
        assert life.energised == []
        assert life.runtime.failed.exception() is not None

    live(tmp_path, monkeypatch, use)


def test_what_a_callback_of_the_loop_raises_is_a_defect_and_not_only_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(life: Life) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(life.runtime.escaped)
        loop.call_soon(lambda: 1 // 0)
        await until(life.runtime.failed.done)
        assert life.dropped == 1
        assert isinstance(life.runtime.failed.exception(), ZeroDivisionError)

    live(tmp_path, monkeypatch, use)


def test_a_health_message_never_names_more_faults_than_the_gateway_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(life: Life) -> None:
        for number in range(300):
            life.runtime.feed(DeviceFailed(f"reader-{number}", "reader", "silent"))
        life.runtime.alarm("broker", "offline")
        health = life.runtime.health(Session(1, "0" * 32), "0" * 32)
        assert decode(encode(health), Health) == health
        assert Fault("broker", "offline") in health.faults

    live(tmp_path, monkeypatch, use)


def test_an_older_receipt_played_again_does_not_tell_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def use(life: Life) -> None:
        runtime, session = life.runtime, Session(1, "0" * 32)
        assert runtime.uplink is not None
        runtime.uplink.session = session
        runtime.session_started(session)
        at = runtime.now().at
        heard: list[int] = []
        monkeypatch.setattr(runtime.clock, "hear", lambda _, instant: heard.append(instant) or [])
        for issued_at in (at, at + 60_000, at, at + 60_000):
            runtime._receipt(Receipt("bank-1", session, "0" * 32, 0, "0" * 64, issued_at))
        assert heard == [at, at + 60_000]

    live(tmp_path, monkeypatch, use)


@pytest.mark.parametrize(
    "name", ["session", "list_version", "list", "list_previous", "kept", "trust", "keys", "time", "service:3"]
)
def test_a_value_that_the_disk_has_spoilt_costs_that_value_and_never_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    live(tmp_path, monkeypatch, lambda _: asyncio.sleep(0))
    store = Store(tmp_path / "data" / "journal.db")
    store.put_state({"session": b"41", name: b"\xa5 spoilt"})
    store.close()

    async def run() -> None:
        life = Life(tmp_path, monkeypatch)
        assert life.runtime.uplink is not None
        assert life.runtime.uplink._number >= 41
        life.runtime.journal.start()
        assert life.runtime.journal.stop()

    asyncio.run(run())


def test_a_root_key_that_cannot_be_read_is_a_fault_and_not_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "root.pub").write_bytes(b"\xff\x00 garbage")

    async def use(life: Life) -> None:
        assert Fault("trust", "no_root") in life.runtime.faults
        life.tap()
        await until(lambda: bool(life.energised))

    live(tmp_path, monkeypatch, use)


def test_a_lock_rests_across_a_restart_for_the_guard_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def use(life: Life) -> None:
        life.tap()
        await until(lambda: bool(life.energised))

    live(tmp_path, monkeypatch, use)

    async def run() -> None:
        life = Life(tmp_path, monkeypatch)
        with pytest.raises(ReleaseForbidden) as refused:
            life.runtime.hardware.guard.permit(Coil("a", 2), 300)
        assert refused.value.reason == "rest"
        life.runtime.journal.start()
        assert life.runtime.journal.stop()

    asyncio.run(run())


def test_a_holder_whom_a_list_forgot_still_opens_after_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def forget(life: Life) -> None:
        at = life.runtime.now().at
        empty = encode(AccessList("bank-1", 2, at, at + 10**9, "Europe/Paris", {}, ("k1",), (), ()))
        envelope = sign(Ed25519PrivateKey.generate(), Topic.ACCESS, empty)
        life.runtime.feed(ListReceived(decode_access_list(empty), empty, envelope))

    live(tmp_path, monkeypatch, forget)

    async def run() -> None:
        life = Life(tmp_path, monkeypatch)
        life.runtime.journal.start()
        life.runtime.begin("start")
        life.runtime.feed(BadgeKeysReceived({"k1": KEY}))
        assert life.runtime.bank.list_version == 2
        life.tap()
        await until(lambda: bool(life.energised))
        assert life.runtime.journal.stop()

    asyncio.run(run())


def test_the_watchdog_is_told_by_the_loop_that_serves_the_doors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(life: Life) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
            supervisor.bind(str(tmp_path / "notify"))
            supervisor.setblocking(False)
            monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
            watch = asyncio.create_task(life.runtime.watch())
            async with asyncio.timeout(10):
                assert await asyncio.get_running_loop().sock_recv(supervisor, 100) == b"WATCHDOG=1"
            watch.cancel()

    live(tmp_path, monkeypatch, use)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_journal_whose_writer_has_died_ends_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def use(life: Life) -> None:
        life.runtime.journal._work.write(cast(Any, 7))  # a defect: nothing it could write
        with pytest.raises(JournalError, match="writer has died"):
            async with asyncio.timeout(10):
                await life.runtime.watch()
        cast(Threads, life.runtime.journal._work)._writer.close()  # as the end of the program would

    live(tmp_path, monkeypatch, use)


def test_epochs_that_could_not_be_read_are_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a journal was set aside their numbers are those of another file: nothing of them could be sent."""

    async def use(life: Life) -> None:
        outbox, tried, epochs = life.runtime.outbox, asyncio.Event(), Store.epochs

        def fails(_: Store) -> None:
            life.runtime._loop.call_soon_threadsafe(tried.set)
            raise sqlite3.OperationalError("the disk does not answer")

        outbox.durable(77, "e" * 32, 5)
        watch = asyncio.ensure_future(life.runtime.watch())
        monkeypatch.setattr(Store, "epochs", fails)
        life.runtime._journal_changed(Result([], durable=True, head=None, trouble=None, waiting=0, new_epochs=True))
        await tried.wait()
        assert outbox.number_of("e" * 32) == 77
        monkeypatch.setattr(Store, "epochs", epochs)
        await until(lambda: outbox.number_of("e" * 32) is None)
        watch.cancel()

    live(tmp_path, monkeypatch, use)


def test_a_journal_set_aside_within_a_session_is_told_at_once_and_one_that_let_go_of_old_entries_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        told: list[str] = []
        runtime = Life(tmp_path, monkeypatch).runtime  # its journal is not started: nothing else is read or written
        uplink = SimpleNamespace(holds_less=lambda: told.append("birth"), nudge=lambda: told.append("nudge"))
        monkeypatch.setattr(runtime, "uplink", uplink)
        for pruned, last in ((0, 9), (5, 9), (5, 8)):

            async def epochs(pruned: int = pruned, last: int = last) -> list[EpochState]:
                one, other = EpochState(1, "a" * 32, 0, pruned, last, bytes(32)), EpochState(2, "b" * 32, 0, 0, 1, b"")
                return [one, other]

            monkeypatch.setattr(runtime.journal, "epochs", epochs)
            await runtime._load_epochs()
        assert told == ["nudge", "nudge", "birth", "nudge"]
        runtime.journal.start()
        assert runtime.journal.stop()

    asyncio.run(run())


def test_little_room_left_is_an_entry_and_a_fault_until_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("controller.journal_writer._DISK_CHECK_MS", 0)

    async def use(life: Life) -> None:
        with monkeypatch.context() as short:
            short.setattr("controller.journal_writer.LOW_DISK_BYTES", 1 << 60)
            life.tap()
            await until(lambda: Fault("journal", "low") in life.runtime.faults)
        life.tap()
        await until(lambda: Fault("journal", "low") not in life.runtime.faults)

    live(tmp_path, monkeypatch, use)
    assert [entry.type for entry in left_in(tmp_path / "data").recent].count("disk_low") == 1


def test_no_raw_badge_number_shows_in_a_traceback_or_log() -> None:
    assert NUMBER not in repr(BadgePresented("entrance", "em4100", NUMBER, 0))
    assert NUMBER not in repr(BadgeRead("entrance", "em4100", NUMBER, 0))


def test_what_devices_say_before_the_journal_has_begun_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        life = Life(tmp_path, monkeypatch)
        life.runtime.device(LockFailed("a", 1, "no_reply", 0))
        await life.begin()
        assert life.runtime.journal.stop()

    asyncio.run(run())
    assert left_in(tmp_path / "data").recent[0].type == "started"
