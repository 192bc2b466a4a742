"""PN532 reader (13.56 MHz) on a serial port: a card's number, or a MIFARE DESFire card's proof that it is its own."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import msgspec

from hw.backoff import Backoff
from hw.errors import KeyUnusable, LineClosed
from hw.frames.desfire import Outcome, SiteKeys
from hw.frames.pn532 import BAUD
from hw.frames.pn532_session import Answering, CardProved, CardShown, CardTurnedAway, Learnt, Pn532Session, Trouble
from hw.health import DeviceHealth
from hw.key_file import read_key
from hw.parts import Parts
from hw.ports import BadgeRead, CardRefused, Emit, MonoMs
from hw.readers.freshness import Freshness
from hw.serial_line import SerialLine
from hw.settings import DeviceSettings, KeyPath, PortPath, Wiring

_ADVICE = {
    "silent": "does not answer: check its supply, its switches (HSU) and that TX goes to RX",
    "garbage": "sends no valid frame: check its kind, its switches (HSU) and its wiring",
}
Application = Annotated[
    str, msgspec.Meta(pattern="^[0-9A-Fa-f]{6}$", description="six hex digits, as printed: 3042F5 is sent F5 42 30")
]
SystemId = Annotated[
    str, msgspec.Meta(pattern="^(?:[0-9A-Fa-f]{2}){0,18}$", description="hex, 18 bytes at most, such as 4E585020416275")
]


class DesfireSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The site's application on its cards, and the file of the master key that their keys are made from (AN10922).

    `key_number`: the application's key that card and reader prove; not 0, which may change the application.
    `aid_last_first`: the cards' keys were made from the application as it is sent (F5 42 30), not as printed.
    """

    application: Application
    key_number: Annotated[int, msgspec.Meta(ge=1, le=13)]
    key_file: KeyPath
    system_id: SystemId = ""
    aid_last_first: bool = False


class Pn532Settings(DeviceSettings, frozen=True, tag="pn532"):
    """A PN532 on a serial port. With `desfire` only cards that prove themselves count; without, any number does."""

    port: PortPath
    desfire: DesfireSettings | None = None

    def wiring(self) -> Wiring:
        return Wiring(port=self.port)


class Pn532Reader:
    """One BadgeRead for each presentation: `iso14443a` with the card's number, or `desfire` with `AID:NUMBER`.

    A card that proves nothing is a CardRefused; its number is never used instead. It does not decide what a badge may
    do, and knows no digest.
    """

    def __init__(self, name: str, settings: Pn532Settings, emit: Emit, mono_ms: MonoMs) -> None:
        self.name = name
        self._settings = settings
        self._emit = emit
        self._mono_ms = mono_ms
        self._health = DeviceHealth(name, "reader", emit)
        self._freshness = Freshness(mono_ms)
        self._line = SerialLine(
            settings.port, BAUD, on_bytes=self._received, on_up=self._came_up, on_down=self._went_down
        )
        self._backoff = Backoff()
        self._site: SiteKeys | None = None
        self._session = Pn532Session()
        self._timer: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Read the key if there is to be one, then open the port; either is tried again until it is there."""
        self._freshness.start()
        self._prepare()

    async def stop(self) -> None:
        """Close the port."""
        self._freshness.stop()
        self._cancel()
        self._line.stop()

    def _prepare(self) -> None:
        try:
            self._site = _site_keys(self._settings.desfire)
        except KeyUnusable as error:
            self._health.fault(error.code, str(error))
            self._timer = asyncio.get_running_loop().call_later(self._backoff.wait_s(), self._prepare)
            return
        self._timer = None
        self._line.start()

    def _came_up(self) -> None:
        self._freshness.came_up()
        self._session = Pn532Session(self._site)
        self._session.begin(self._mono_ms())
        self._go_on([])

    def _went_down(self, code: str, detail: str) -> None:
        self._cancel()
        self._freshness.went_down()
        self._health.fault(code, detail)

    def _received(self, data: bytes) -> None:
        self._go_on(self._session.received(data, self._mono_ms()))

    def _tick(self) -> None:
        self._go_on(self._session.tick(self._mono_ms()))

    def _go_on(self, learnt: list[Learnt]) -> None:
        """Tell what was learnt, send what is due, and come back in time. A port that fails here tells so itself."""
        for each in learnt:
            self._tell(each)
        self._cancel()
        outgoing = self._session.take_outgoing()
        with suppress(LineClosed):
            if outgoing:
                self._line.write(outgoing)
        if self._line.is_open:
            wait_s = max(0, self._session.due_ms - self._mono_ms()) / 1000
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._tick)

    def _tell(self, learnt: Learnt) -> None:
        now_ms = self._mono_ms()
        match learnt:
            case CardShown():
                self._read("iso14443a", learnt.number, now_ms)
            case CardProved():
                assert self._settings.desfire is not None
                self._read("desfire", f"{self._settings.desfire.application.upper()}:{learnt.number}", now_ms)
            case CardTurnedAway():
                foreign = learnt.outcome is Outcome.FOREIGN
                self._emit(CardRefused(self.name, "foreign_card" if foreign else "not_authentic", now_ms))
            case Answering():
                self._health.well()
            case Trouble():
                self._health.fault(learnt.code, f"reader {self.name} {_ADVICE[learnt.code]}")

    def _read(self, technology: str, number: str, now_ms: int) -> None:
        self._emit(BadgeRead(self.name, technology, number, now_ms, self._freshness.is_stale(now_ms)))

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _site_keys(settings: DesfireSettings | None) -> SiteKeys | None:
    """Raises KeyUnusable."""
    if settings is None:
        return None
    return SiteKeys(
        bytes.fromhex(settings.application),
        settings.key_number,
        read_key(Path(settings.key_file)),
        bytes.fromhex(settings.system_id),
        settings.aid_last_first,
    )


def build(name: str, settings: Pn532Settings, parts: Parts) -> Pn532Reader:
    """The reader on its port."""
    return Pn532Reader(name, settings, parts.emit, parts.mono_ms)
