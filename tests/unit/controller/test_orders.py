"""What tools ask through the real control socket of a running bank; the boards are replaced by what they would say."""

import asyncio
import errno
import os
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from controller import control_socket
from controller.bootstrap import assemble, load_identity
from controller.cli import app
from controller.config import load
from controller.control_socket import address, ask, follow
from controller.errors import ControlError
from controller.exit_codes import FAILED, NOT_RUNNING
from controller.inputs import BadgeKeysReceived, ListReceived
from controller.journal import open_journal
from controller.live import MOST_WATCHERS
from controller.orders import Orders
from controller.runtime import Runtime
from controller.witnesses import mono_ms
from hw.ports import BadgeRead, Coil, DeviceFault, DoorSensed, KeyPressed, LockAccepted
from wire.access_list import AccessList, Grant
from wire.badge import badge_digest
from wire.keys import to_token
from wire.messages import encode

BANK = """\
[bank]
controller = "bank-1"
zone = "Europe/Paris"
data_dir = "data"
[broker]
host = "127.0.0.1"
port = 1
[readers.entrance]
driver = "rdm6300"
port = "/nowhere/reader"
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
TOOL = {"do": "open", "by": "technician"}


class Stand:
    """A bank on the test's loop, its control socket open; a released lock is accepted and its door opens."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (folder / "bank.toml").write_text(BANK)
        self.config = load(folder / "bank.toml")
        self.data = self.config.data_dir
        self.data.mkdir(exist_ok=True)
        self.runtime: Runtime = assemble(self.config, load_identity(self.data), open_journal(self.data))
        self.released: list[Coil] = []
        monkeypatch.setattr(self.runtime.hardware, "release", self._release)
        monkeypatch.setattr(self.runtime.hardware, "all_off", lambda: None)

    def _release(self, coil: Coil) -> None:
        self.released.append(coil)
        loop = asyncio.get_running_loop()
        loop.call_soon(self.runtime.device, LockAccepted(*coil, mono_ms()))
        loop.call_soon(self.door, coil.channel, True)

    def door(self, channel: int, is_open: bool) -> None:
        self.runtime.device(DoorSensed("a", channel, is_open, mono_ms()))

    async def ask(self, **request: Any) -> dict[str, Any]:
        return await asyncio.to_thread(ask, self.data, request)

    async def told(self, **request: Any) -> list[dict[str, Any]]:
        """All lines of a stream that ends by itself."""
        return await asyncio.to_thread(lambda: list(follow(self.data, request, 10)))


@asynccontextmanager
async def stand(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stand]:
    """A stand with locker 12 held by the badge NUMBER, all doors shut."""
    made = Stand(folder, monkeypatch)
    runtime = made.runtime
    runtime.journal.start()
    runtime.begin("start")
    at = runtime.now().at
    grant = Grant("g", badge_digest(KEY, f"em4100:{NUMBER}"), "k1", (12,), at - 10**6, at + 10**9, "holder")
    access_list = AccessList("bank-1", 1, at, at + 10**9, "Europe/Paris", {}, ("k1",), (grant,), ())
    runtime.feed(BadgeKeysReceived({"k1": KEY}))
    runtime.feed(ListReceived(access_list, encode(access_list), b"its envelope"))
    for channel in range(1, 5):
        made.door(channel, False)
    server = await control_socket.serve(made.data, Orders(runtime).answer)
    try:
        yield made
    finally:
        server.close()
        await asyncio.to_thread(runtime.journal.stop)


@pytest.fixture
def on_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Stand], Awaitable[None]]], None]:
    """Runs an async test on a stand."""

    def run(use: Callable[[Stand], Awaitable[None]]) -> None:
        async def go() -> None:
            async with asyncio.timeout(20), stand(tmp_path, monkeypatch) as made:
                await use(made)

        asyncio.run(go())

    return run


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - another thread changes it
        await asyncio.sleep(0.002)


OnStand = Callable[[Callable[[Stand], Awaitable[None]]], None]


class Watching:
    """A tool that watches, on a thread of its own."""

    def __init__(self, data: Path) -> None:
        self.lines: list[dict[str, Any]] = []
        self._stream: Iterator[dict[str, Any]] = follow(data, {"do": "watch"}, 10)
        self.lines.append(next(self._stream))
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            self.lines.extend(self._stream)
        except ControlError:  # the bank has gone
            return

    def of(self, *what: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["what"] in what]


def test_an_opening_is_told_from_acceptance_to_door(on_stand: OnStand) -> None:
    async def use(made: Stand) -> None:
        steps = await made.told(**TOOL, locker=13, reason="maintenance")
        assert [step["state"] for step in steps] == ["accepted", "released", "opened"]
        assert len({step["command"] for step in steps}) == 1
        assert made.released == [Coil("a", 3)]

    on_stand(use)


def test_a_held_locker_an_unknown_one_and_nonsense_are_refused_in_words(on_stand: OnStand) -> None:
    async def use(made: Stand) -> None:
        for request, code in (
            ({"locker": 12, "reason": "maintenance"}, "held"),
            ({"locker": 99, "reason": "maintenance"}, "locker"),
            ({"locker": 13, "reason": "because"}, "reason"),
            ({"locker": 13, "reason": "maintenance", "by": "Marie Curie"}, "request"),
            ({"locker": "13; DROP", "reason": "maintenance"}, "request"),
        ):
            with pytest.raises(ControlError) as refused:
                await made.told(**{**TOOL, **request})
            assert (refused.value.code, made.released) == (code, [])
        steps = await made.told(**TOOL, locker=12, reason="holder_present")
        assert steps[-1]["state"] == "opened"

    on_stand(use)


def test_a_tool_that_hangs_up_in_the_middle_does_not_stop_the_opening(on_stand: OnStand) -> None:
    async def use(made: Stand) -> None:
        def first_word_only() -> None:
            stream = follow(made.data, {**TOOL, "locker": 13, "reason": "maintenance"}, 10)
            assert next(stream)["state"] == "accepted"
            stream.close()

        await asyncio.to_thread(first_word_only)
        await until(lambda: made.released == [Coil("a", 3)])
        await until(lambda: not made.runtime._heard_here)

    on_stand(use)


def test_events_are_read_on_from_where_one_stopped_and_name_no_badge(on_stand: OnStand) -> None:
    async def use(made: Stand) -> None:
        made.runtime.device(BadgeRead("entrance", "em4100", NUMBER, mono_ms()))
        await until(lambda: bool(made.released))
        await until(lambda: made.runtime.journal.head is not None and made.runtime.journal.head.seq >= 5)
        answer = await made.ask(do="events")
        types = [entry["type"] for entry in answer["entries"]]
        assert types == ["started", "access_applied", "release_intended", "released", "door_opened"]
        assert not any("digest" in entry["body"] for entry in answer["entries"])
        assert (await made.ask(do="events", after=answer["next"])) == {"next": answer["next"], "entries": []}
        first = await made.ask(do="events", after="0.0", count=2)
        assert [entry["type"] for entry in first["entries"]] == types[:2]
        rest = await made.ask(do="events", after=first["next"])
        assert [entry["type"] for entry in rest["entries"]] == types[2:]
        for nonsense in ("1", "1.x", "-1.2", 7):
            with pytest.raises(ControlError):
                await made.ask(do="events", after=nonsense)

    on_stand(use)


def test_watching_shows_the_bank_and_then_everything_that_happens_and_no_number(on_stand: OnStand) -> None:
    async def use(made: Stand) -> None:
        watching = await asyncio.to_thread(Watching, made.data)
        bank = watching.lines[0]
        assert [(row["locker"], row["channel"], row["door"], row["latch"]) for row in bank["lockers"]] == [
            (11, 1, "closed", None), (12, 2, "closed", None), (13, 3, "closed", None), (14, 4, "closed", None),
        ]  # fmt: skip
        assert bank["readers"] == [{"name": "entrance", "keypad": False, "faults": []}]
        made.runtime.device(BadgeRead("entrance", "em4100", NUMBER, mono_ms()))
        made.runtime.device(KeyPressed("entrance", "7", mono_ms()))
        made.runtime.device(DeviceFault("a", "board", "silent", "no answer"))
        await until(lambda: bool(watching.of("faults")) and len(watching.of("entry")) >= 4)
        assert watching.of("badge")[0]["technology"] == "em4100"
        assert "key" not in watching.of("key")[0]
        assert [line["type"] for line in watching.of("entry")] == [
            "release_intended", "board_fault", "released", "door_opened",
        ]  # fmt: skip
        assert watching.of("sensor")[0]["locker"] == 12
        assert watching.of("signal")[0]["signal"] == "granted"
        states = [line["state"] for line in watching.of("locker") if line["locker"] == 12]
        assert states[0] == "intended"
        await until(lambda: [line for line in watching.of("locker") if line["locker"] == 12][-1]["door"] == "open")
        assert {"source": "a", "code": "silent"} in watching.of("faults")[0]["faults"]
        assert NUMBER not in repr(watching.lines)
        assert badge_digest(KEY, f"em4100:{NUMBER}") not in repr(watching.lines)

    on_stand(use)


def test_a_watcher_that_does_not_read_is_told_what_it_missed_and_delays_nobody(
    on_stand: OnStand,
) -> None:
    async def use(made: Stand) -> None:
        with socket.socket(socket.AF_UNIX) as lazy:
            lazy.connect(address(made.data))
            lazy.sendall(b'{"do": "watch"}\n')
            await until(lambda: made.runtime.live.watched)
            for _ in range(8_000):
                made.runtime.live.tell({"what": "key", "reader": "x" * 200, "at_ms": 0})
            made.runtime.device(BadgeRead("entrance", "em4100", NUMBER, mono_ms()))
            await until(lambda: bool(made.released))
            lazy.settimeout(5)
            told = b""
            while b'"missed"' not in told:
                told = told[-100:] + await asyncio.to_thread(lazy.recv, 65_536)
        await until(lambda: not made.runtime.live.watched)

    on_stand(use)


def test_a_fifth_watcher_is_refused_until_one_hangs_up(on_stand: OnStand) -> None:
    async def use(made: Stand) -> None:
        streams = [follow(made.data, {"do": "watch"}, 10) for _ in range(MOST_WATCHERS)]
        for stream in streams:
            await asyncio.to_thread(next, stream)
        with pytest.raises(ControlError) as refused:
            await made.told(do="watch")
        assert refused.value.code == "busy"
        for stream in streams:
            stream.close()
        await until(lambda: not made.runtime.live.watched)

    on_stand(use)


def told_root(folder: Path) -> int:
    """The exit code of `casier-controller trust` with a key of which nobody has heard."""
    key = to_token(Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    return CliRunner().invoke(app, ["trust", "--config", str(folder / "bank.toml"), "--", key]).exit_code


def test_a_root_key_that_the_running_controller_cannot_read_is_not_said_to_be_obeyed(
    on_stand: OnStand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(_: Path) -> bytes:
        raise PermissionError(errno.EACCES, "Permission denied")

    async def use(made: Stand) -> None:
        assert await asyncio.to_thread(told_root, tmp_path) == 0
        assert made.runtime.trust.has_root
        monkeypatch.setattr("controller.orders.read_root", denied)
        assert await asyncio.to_thread(told_root, tmp_path) == FAILED

    on_stand(use)


def test_a_root_key_waits_for_a_controller_that_does_not_run_and_not_for_one_that_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_socket, "_ANSWER_WITHIN_S", 0.1)
    (tmp_path / "bank.toml").write_text(BANK)
    assert told_root(tmp_path) == 0
    with socket.socket(socket.AF_UNIX) as hangs:
        hangs.bind(address(tmp_path / "data"))
        hangs.listen()
        assert told_root(tmp_path) == NOT_RUNNING
    assert told_root(tmp_path) == 0


def test_only_root_and_the_controllers_own_user_are_answered(
    on_stand: OnStand, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(made: Stand) -> None:
        monkeypatch.setattr(control_socket, "_ROOT", -1)
        own = os.geteuid()
        assert (await made.ask(do="status"))["controller"] == "bank-1"
        monkeypatch.setattr("controller.control_socket.os.geteuid", lambda: own + 1)
        with pytest.raises(ControlError) as refused:
            await made.ask(do="open", locker=1)
        assert refused.value.code == "user"
        assert "sudo" in str(refused.value)
        assert made.released == []

    on_stand(use)


def test_strangers_who_hang_up_at_once_end_nothing(on_stand: OnStand, monkeypatch: pytest.MonkeyPatch) -> None:
    async def use(made: Stand) -> None:
        escaped: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: escaped.append(context))
        monkeypatch.setattr(control_socket, "_ROOT", -1)
        own = os.geteuid()
        monkeypatch.setattr("controller.control_socket.os.geteuid", lambda: own + 1)
        for _ in range(20):
            with socket.socket(socket.AF_UNIX) as stranger:
                stranger.connect(address(made.data))
            await asyncio.sleep(0)
        monkeypatch.undo()
        assert (await made.ask(do="status"))["controller"] == "bank-1"
        assert escaped == []

    on_stand(use)


def test_nobody_else_answers_for_a_controller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = tmp_path.stat().st_uid
    with socket.socket(socket.AF_UNIX) as another:
        another.bind(address(tmp_path))
        another.listen()
        monkeypatch.setattr(control_socket, "_user_of", lambda _: owner + 1)
        with pytest.raises(ControlError) as refused:
            ask(tmp_path, {"do": "status"})
        assert refused.value.code == "not_running"


def test_identify_and_unknown_orders(on_stand: OnStand) -> None:
    async def use(made: Stand) -> None:
        assert await made.ask(do="identify", seconds=5) == {}
        assert await made.ask(do="identify", seconds=5, locker=11) == {}
        for request in ({"do": "identify", "locker": 99}, {"do": "identify", "seconds": 0}, {"do": "dance"}, {}):
            with pytest.raises(ControlError) as refused:
                await made.ask(**request)
            assert refused.value.code in ("request", "locker")
        assert (await made.ask(do="status"))["controller"] == "bank-1"

    on_stand(use)
