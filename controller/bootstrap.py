"""Puts one bank together from its file and its disk, and runs it until it is told to stop."""

import asyncio
import fcntl
import gc
import json
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from controller import SOFTWARE, control_socket
from controller.bank import Bank
from controller.bank_config import BankConfig, BankState, LockerConfig
from controller.clock import Clock
from controller.config import BankFile
from controller.errors import ControllerError, JournalError
from controller.journal import Journal, Opened, open_journal
from controller.orders import Orders
from controller.outbox import Outbox
from controller.pace import Pace
from controller.remembered import bank_state, mended, sound_state
from controller.runtime import Runtime
from controller.state_copy import COPY_NAME, read_copy
from controller.storage import MACHINE, Storage
from controller.surroundings import Surroundings, real
from controller.trust import TrustStore, read_root
from controller.uplink import Uplink
from controller.witnesses import process_age_ms
from hw.assembly import Hardware
from wire.errors import KeyMaterialError

_log = logging.getLogger("controller")
_STOP_WITHIN_S = 3.0
# An intent's thread must not wait 5 ms for its turn while the loop signs a batch, nor the loop while pages are read.
_SWITCH_EVERY_S = 0.0005


@dataclass(frozen=True, slots=True)
class Identity:
    """The two private keys of a controller, made at its first start."""

    device: Ed25519PrivateKey
    encryption: X25519PrivateKey


def load_identity(data_dir: Path, storage: Storage = MACHINE) -> Identity:
    """The keys in `data_dir`, made if absent. Raises KeyMaterialError, OSError."""
    return Identity(
        Ed25519PrivateKey.from_private_bytes(storage.key(data_dir / "device.key")),
        X25519PrivateKey.from_private_bytes(storage.key(data_dir / "encryption.key")),
    )


@contextmanager
def sole_use(data_dir: Path) -> Iterator[None]:
    """Hold `data_dir` for this process alone. Raises JournalError `locked`, ControllerError `data_dir`."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        directory = os.open(data_dir, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        advice = "make that directory and give it to the user who runs the controller"
        raise ControllerError("data_dir", f"{data_dir} cannot be used ({error.strerror}): {advice}") from error
    try:
        try:
            fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise JournalError("locked", f"another controller runs on {data_dir}: stop it first") from error
        yield
    finally:
        os.close(directory)


def _bank(config: BankFile, state: BankState, hardware: Hardware, pace: Pace) -> Bank:
    releases = config.releases
    lockers = {
        number: LockerConfig(coil, group, hardware.pulse_ms(coil)) for number, (coil, group) in config.lockers.items()
    }
    return Bank(
        BankConfig(
            config.controller,
            lockers,
            open_within_ms=releases.open_within_ms,
            retries=releases.retries,
            left_open_after_ms=releases.left_open_after_s * 1_000,
            watch_ms=pace.watch_ms,
            keypads=frozenset(
                name for name, reader in config.hardware.readers.items() if getattr(reader, "has_keypad", False)
            ),
            lit=frozenset(number for number, (coil, _) in config.lockers.items() if hardware.has_light(coil)),
        ),
        state,
    )


def _root(data_dir: Path, storage: Storage) -> bytes | None:
    """The root key, None where it cannot be read: the doors work without it, and a technician can tell it again."""
    try:
        return read_root(data_dir, storage)
    except (KeyMaterialError, OSError) as error:
        _log.error("the root key cannot be read (%s): run casier-controller trust again", error)
        return None


def assemble(config: BankFile, identity: Identity, opened: Opened, outside: Surroundings | None = None) -> Runtime:
    """All parts of one bank, joined with what is around it (this machine, without one); nothing is started.

    Call it on the loop.
    """
    outside = outside or real(config)
    machine, storage, pace = outside.machine, outside.storage, outside.pace
    state = sound_state(opened.state, lambda: read_copy(config.data_dir / COPY_NAME, storage))
    clock = Clock(state.get("time"), machine)
    root = _root(config.data_dir, storage)
    trust = TrustStore(config.controller, root, identity.encryption, trust=state.get("trust"), keys=state.get("keys"))
    journal = Journal(
        config.data_dir, opened, machine.boot_id, asyncio.get_running_loop(),
        storage=storage, mono_ms=machine.mono_ms, workforce=outside.workforce, pace=pace,
        give_memory_back=machine.give_memory_back,
    )  # fmt: skip
    if mends := mended(opened.state, state):
        journal.keep(mends, clock.now())
    outbox = Outbox()
    outbox.load(opened.epochs)
    runtime = Runtime(config, clock, journal, outbox, trust, SOFTWARE, machine, pace, outside.build)
    runtime.alarm("trust", "no_root", present=not trust.has_root)
    past = bank_state(
        state, opened.recent, trust.badge_keys, machine.boot_id, machine.mono_ms(),
        lambda number: runtime.hardware.pulse_ms(config.lockers[number][0]) if number in config.lockers else 0,
    )  # fmt: skip
    for release in past.past_releases:
        if release.locker in config.lockers:
            runtime.hardware.guard.charge(config.lockers[release.locker][0], release.mono_ms, release.pulse_ms)
    runtime.bank = _bank(config, past, runtime.hardware, pace)
    runtime.uplink = Uplink(
        config.controller, config.broker, identity.device, journal, outbox, runtime, machine, outside.connect, pace,
        last_session=int(state.get("session", b"0")),
    )  # fmt: skip
    return runtime


def run(config: BankFile) -> None:
    """Run the bank until SIGTERM or SIGINT; coils are off when this returns or raises.

    Raises ControllerError, KeyMaterialError or OSError where it cannot begin at all; any other error is a defect.
    """
    with sole_use(config.data_dir):
        identity = load_identity(config.data_dir)
        ended = asyncio.run(_run(config, identity, open_journal(config.data_dir)))
    if not ended:  # a thread hangs on the disk; everything else has been closed
        sys.stdout.flush()
        os._exit(0)


async def _run(config: BankFile, identity: Identity, opened: Opened) -> bool:
    """One life on this machine; answers whether the journal could be closed."""
    runtime, cause = assemble(config, identity, opened), opened.cause
    del opened  # thousands of entries, which would stay in memory for as long as the bank runs
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return await live(runtime, cause, stop, _ready)


async def live(
    runtime: Runtime, cause: str, stop: asyncio.Event, ready: Callable[[Runtime], Awaitable[asyncio.Server | None]]
) -> bool:
    """One life, from all coils off to all coils off; `ready` lets tools in once badges are read.

    Answers whether the journal could be closed; raises the defect that ended it.
    """
    asyncio.get_running_loop().set_exception_handler(runtime.escaped)
    runtime.journal.start()
    control: asyncio.Server | None = None
    tasks: set[asyncio.Future[Any]] = {runtime.failed, asyncio.ensure_future(stop.wait())}
    try:
        await runtime.hardware.start()  # all coils off first
        runtime.begin(cause)
        control = await ready(runtime)
        assert runtime.uplink is not None
        tasks |= {asyncio.ensure_future(runtime.uplink.run()), asyncio.ensure_future(runtime.watch())}
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        runtime.machine.notify("STOPPING=1")
        runtime.farewell("signal")
    finally:
        runtime.end()
        if control is not None:
            control.close()
        ended = await _close(runtime, tasks)
    return ended


async def _close(runtime: Runtime, tasks: set[asyncio.Future[Any]]) -> bool:
    """Coils off, the last words sent and written; nothing here may keep the process from ending."""
    try:
        async with asyncio.timeout(_STOP_WITHIN_S):
            await runtime.hardware.stop()
            if runtime.uplink is not None:
                await runtime.uplink.stop()
    except TimeoutError:
        _log.warning("not everything could be closed in time")
    for task in tasks:
        task.cancel()
    return runtime.journal.stop()


async def _ready(runtime: Runtime) -> asyncio.Server | None:
    """Let tools in, tell the supervisor, and settle down: what is in memory now stays."""
    config = runtime.config
    control: asyncio.Server | None = None
    try:
        control = await control_socket.serve(config.data_dir, Orders(runtime).answer)
    except OSError as error:  # somebody else has the name: tools must do without
        _log.warning("no control socket: %s", error)
    line = {"ready": config.controller, "locker_count": len(config.lockers), "start_ms": process_age_ms()}
    print(json.dumps(line), flush=True)  # noqa: T201 - the one line on standard output
    runtime.machine.notify("READY=1")
    gc.collect()
    gc.freeze()
    gc.disable()  # the runtime collects when no release is under way
    sys.setswitchinterval(_SWITCH_EVERY_S)
    runtime.machine.give_memory_back()
    return control
