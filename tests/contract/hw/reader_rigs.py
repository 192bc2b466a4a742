"""Rigs of the readers: one each, with its simulated hardware below the library, all told what to do by the same names.

The simulated side runs in a thread with a loop of its own, as it would on the other end of a cable.
"""

import asyncio
import os
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from gpiozero import Device as GpiozeroDevice

from hw import registry
from hw.assembly import Hardware, HardwareConfig, build
from hw.frames.desfire import SiteKeys
from hw.pins import drop_pin_factory
from hw.ports import DeviceEvent
from simulator.devices import NEVER, Habit, Listening, Reader
from simulator.input_device import InputDevice
from simulator.pi import SimulatedPi
from simulator.pi_server import PiServer
from simulator.pty_port import PtyPort
from simulator.readers import id20la, pn532, rdm6300
from simulator.readers.desfire_card import DesfireCard
from simulator.readers.keyboard_wedge import KeyboardWedge
from simulator.readers.osdp import OsdpReader
from simulator.readers.presentation import Presentation
from simulator.readers.wiegand import WiegandReader

READER = "entrance"
POLL_S = 0.001


class ReaderRig:
    """A reader under test: what it emitted, and hands on its badges and its cable.

    `badges` are (technology, number) as they must be read; `typed` is how the simulated reader is told each of them.
    """

    technology = "em4100"
    numbers = ("62E3086CED", "01000734E0")
    typed: tuple[str, str] | None = None
    has_keys = False
    settles_s = 0.1  # after a short presentation
    forgets_at_start = True  # OSDP readers may hand over what they queued before the program began

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.events: list[DeviceEvent] = []
        self.passed_ms = 0
        self.hardware = self.assembled(self.table())

    def assembled(self, table: dict[str, object]) -> Hardware:
        config = HardwareConfig(readers={READER: registry.decode("readers", table)})
        return build(config, self.events.append, self.now_ms)

    def now_ms(self) -> int:
        """The program's monotonic clock, moved on by what has passed without anybody waiting for it."""
        return time.monotonic_ns() // 1_000_000 + self.passed_ms

    def pass_ms(self, milliseconds: int) -> None:
        """So much time passes for the program, and whoever waited at the reader has gone."""
        self.clear()
        self.passed_ms += milliseconds

    def table(self) -> dict[str, object]:
        raise NotImplementedError

    def connected(self) -> None:
        """Build the simulated reader and plug it in. In the simulated side's loop, like the next two."""
        raise NotImplementedError

    async def plugged(self) -> None:
        raise NotImplementedError

    async def unplugged(self) -> None:
        raise NotImplementedError

    async def power(self) -> None:
        """The whole thing up and reading."""
        self.world()
        self.mend()
        await self.hardware.start()

    async def down(self) -> None:
        await self.hardware.stop()
        drop_pin_factory(GpiozeroDevice.pin_factory)
        self.break_off()
        self.end_world()

    def world(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._in_world(self.connected)
        self._loop.call_soon_threadsafe(self._go_on)

    def end_world(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def hold(self, which: int, held_ms: float = 100.0) -> None:
        number = (self.typed or self.numbers)[which]
        self._in_world(lambda: self.reader().hold(number, held_ms, time.monotonic() * 1000))

    def press(self, keys: str) -> None:
        def press() -> None:
            for key in keys:
                self.reader().press(key, time.monotonic() * 1000)  # type: ignore[attr-defined]

        self._in_world(press)

    def ill(self, habit: Habit) -> None:
        def fall_ill() -> None:
            self.reader().habit = habit

        self._in_world(fall_ill)

    def clear(self) -> None:
        self._in_world(lambda: self.reader().clear())

    def break_off(self) -> None:
        asyncio.run_coroutine_threadsafe(self.unplugged(), self._loop).result(5)

    def mend(self) -> None:
        asyncio.run_coroutine_threadsafe(self.plugged(), self._loop).result(5)

    def reader(self) -> Reader:
        raise NotImplementedError

    def spoken(self, data: bytes) -> None:
        """What the reader puts on its line by itself."""

    def _go_on(self) -> None:
        reader, now = self.reader(), time.monotonic() * 1000
        if reader.due() <= now:
            self.spoken(reader.advance(now))
        wait_s = min((reader.due() - now) / 1000, POLL_S) if reader.due() < NEVER else POLL_S
        self._loop.call_later(max(wait_s, 0), self._go_on)

    def _in_world(self, work: Callable[[], None]) -> None:
        async def do() -> None:
            work()

        asyncio.run_coroutine_threadsafe(do(), self._loop).result(5)


class SerialRig(ReaderRig):
    """A reader on a pty at its baud rate."""

    baud = 9600

    def connected(self) -> None:
        self._reader = self.made()
        self._port = PtyPort(self.folder / "reader.tty", self._heard, self.baud)

    def made(self) -> Reader:
        raise NotImplementedError

    async def plugged(self) -> None:
        self._port.plug()

    async def unplugged(self) -> None:
        self._port.unplug()

    def reader(self) -> Reader:
        return self._reader

    def spoken(self, data: bytes) -> None:
        self._port.send(data)

    def _heard(self, byte: int, at_ms: float) -> None:
        if isinstance(self._reader, Listening):
            self._port.send(self._reader.heard(byte, at_ms), after_ms=2.0)


class _Rfid(Presentation):
    """A 125 kHz reader, with the habit of noise."""

    @property
    def habit(self) -> Habit:
        return Habit.GARBAGE if self.garbage else Habit.FINE

    @habit.setter
    def habit(self, habit: Habit) -> None:
        self.garbage = habit is Habit.GARBAGE


class Rdm6300Rig(SerialRig):
    def table(self) -> dict[str, object]:
        return {"driver": "rdm6300", "port": str(self.folder / "reader.tty")}

    def made(self) -> Reader:
        return _Rfid(rdm6300.frame)  # type: ignore[return-value]


class Id12laRig(Rdm6300Rig):
    def table(self) -> dict[str, object]:
        return super().table() | {"driver": "id12la"}

    def made(self) -> Reader:
        return _Rfid(id20la.frame)  # type: ignore[return-value]


class Pn532Rig(SerialRig):
    technology = "iso14443a"
    numbers = ("FB0EE20B", "04A1B2C3D4E5F6")
    settles_s = 0.5  # a clock that jumps before the presentation is over is a busy program's
    baud = pn532.BAUD

    def table(self) -> dict[str, object]:
        return {"driver": "pn532", "port": str(self.folder / "reader.tty")}

    def made(self) -> Reader:
        return pn532.Pn532()


class DesfireRig(Pn532Rig):
    """The same reader, and cards that prove themselves."""

    technology = "desfire"
    numbers = ("3042F5:04782E21801D80", "3042F5:04A1B2C3D4E5F6")
    typed = ("one", "other")
    site = SiteKeys(bytes.fromhex("3042F5"), 1, secrets.token_bytes(16))

    def table(self) -> dict[str, object]:
        key_file = self.folder / "site.key"
        key_file.touch(0o600)
        key_file.write_text(self.site.master_key.hex())
        application = {"application": "3042F5", "key_number": 1, "key_file": str(key_file)}
        return {**super().table(), "desfire": application}

    def made(self) -> Reader:
        return pn532.Pn532({name: self._card(number) for name, number in zip(self.typed, self.numbers, strict=True)})

    def _card(self, number: str) -> DesfireCard:
        uid = bytes.fromhex(number.partition(":")[2])
        return DesfireCard(uid, {self.site.application: {self.site.key_number: self.site.card_key(uid)}})


class OsdpRig(SerialRig):
    technology = "osdp26"
    numbers = ("68-41551", "1-5")
    has_keys = True
    forgets_at_start = False

    def __init__(self, folder: Path) -> None:
        self.secret = secrets.token_bytes(16)
        self.key_file = folder / "entrance.key"
        self.key_file.touch(0o600)
        self.key_file.write_text(self.secret.hex())
        super().__init__(folder)

    def table(self) -> dict[str, object]:
        port, key = str(self.folder / "reader.tty"), str(self.key_file)
        return {"driver": "osdp", "port": port, "address": 5, "key_file": key, "keypad": True}

    def made(self) -> Reader:
        return OsdpReader(5, self.secret)


class WiegandRig(ReaderRig):
    technology = "wiegand26"
    numbers = ("68-41551", "1-5")
    has_keys = True
    more: Mapping[str, object] = {"keypad": 4}
    bits = 26

    def table(self) -> dict[str, object]:
        os.environ["GPIOZERO_PIN_FACTORY"] = "casier-sim"
        os.environ["CASIER_SIM_PINS"] = str(self.folder / "pins.sock")
        return {"driver": "wiegand", "d0": 14, "d1": 15, **self.more}

    def connected(self) -> None:
        self.pi = SimulatedPi()
        self._reader = WiegandReader(self.pi, 14, 15, self.bits, self.more.get("keypad"), seed=1)  # type: ignore[arg-type]

    async def plugged(self) -> None:
        self._server = PiServer(self.pi, self.folder / "pins.sock")
        await self._server.start()

    async def unplugged(self) -> None:
        await self._server.stop()

    def reader(self) -> Reader:
        return self._reader


class Wiegand34Rig(WiegandRig):
    technology = "wiegand34"
    numbers = ("5566453", "17")
    bits = 34
    more = {"keypad": 8}  # noqa: RUF012


class KeyboardWedgeRig(ReaderRig):
    technology = "keyboard"
    numbers = ("0012345678", "9876543210")

    def table(self) -> dict[str, object]:
        os.environ["CASIER_EVDEV"] = "simulator.evdev"
        os.environ["CASIER_SIM_INPUT"] = str(self.folder)
        return {"driver": "keyboard_wedge", "device": "08ff:0009"}

    def connected(self) -> None:
        self.keyboard = InputDevice(self.folder / "event0", 0x08FF, 0x0009)
        self._reader = KeyboardWedge(self.keyboard.send)

    async def plugged(self) -> None:
        await self.keyboard.plug()

    async def unplugged(self) -> None:
        self.keyboard.unplug()

    def reader(self) -> Reader:
        return self._reader


RIGS: dict[str, type[ReaderRig]] = {
    "rdm6300": Rdm6300Rig,
    "id12la": Id12laRig,
    "wiegand26": WiegandRig,
    "wiegand34": Wiegand34Rig,
    "keyboard_wedge": KeyboardWedgeRig,
    "osdp": OsdpRig,
    "pn532": Pn532Rig,
    "pn532_desfire": DesfireRig,
}
