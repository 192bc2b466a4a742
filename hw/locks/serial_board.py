"""What the lock boards on a serial line have in common: their place on it, their contacts and their health."""

from __future__ import annotations

from typing import Any

from hw.contacts import Contacts
from hw.health import DeviceHealth
from hw.locks.rs485_line import Rs485Line
from hw.ports import DoorSensed, Emit, LockAccepted, LockFailed, Permit, SensorKind


class SerialBoard:
    """One board at one address. A kind of board adds `question`, `opening` and `heard` (see `BoardAtAddress`).

    It does not decide whether a release is due or a door should be shut, and takes a reply for no more than it says:
    the board acted.
    """

    def __init__(self, name: str, address: int, channels: int, pulse_ms: int, line: Rs485Line[Any], emit: Emit) -> None:
        self.name = name
        self.address = address
        self.channels = channels
        self.pulse_ms = pulse_ms
        self._contacts: dict[SensorKind, Contacts] = {}
        self._health = DeviceHealth(name, "board", emit)
        self._line = line
        self._emit = emit
        line.attach(self)

    async def start(self) -> None:
        """Begin polling."""
        self._line.start(self)

    def release(self, channel: int, permit: Permit) -> None:
        """Send one open frame; see `hw.ports.LockBoard`."""
        self._line.release(self, channel, permit)

    def all_off(self) -> None:
        """Drop the releases that have not gone out."""
        self._line.drop_waiting(self)

    async def stop(self) -> None:
        """Stop polling."""
        self._line.stop(self)

    def came_up(self, now_ms: int) -> None:
        """The port is open, for the first time or again."""

    def accepted(self, channel: int, now_ms: int) -> None:
        """The board says that it acted."""
        self._emit(LockAccepted(self.name, channel, now_ms))

    def failed(self, channel: int, code: str, now_ms: int) -> None:
        """A release was not confirmed."""
        self._emit(LockFailed(self.name, channel, code, now_ms))

    def unwell(self, code: str, detail: str) -> None:
        """The board does not answer, or its line is down."""
        self._health.fault(code, detail)

    def _sense(self, sensor: SensorKind, opened: int, now_ms: int) -> None:
        """All contacts of one kind as the board sees them: bit 0 is channel 1, 1 means open."""
        for channel, is_open in self._contacts_of(sensor).sample(opened, now_ms):
            self._emit(DoorSensed(self.name, channel, is_open, now_ms, sensor))

    def _sense_one(self, sensor: SensorKind, channel: int, is_open: bool, now_ms: int) -> None:
        """One contact as the board reports it."""
        if 1 <= channel <= self.channels and self._contacts_of(sensor).sample_one(channel, is_open, now_ms):
            self._emit(DoorSensed(self.name, channel, is_open, now_ms, sensor))

    def _settled(self) -> bool:
        """Whether no contact has to be looked at again."""
        return not any(contacts.unsettled for contacts in self._contacts.values())

    def _contacts_of(self, sensor: SensorKind) -> Contacts:
        if sensor not in self._contacts:
            self._contacts[sensor] = Contacts(self.channels)
        return self._contacts[sensor]


def opened_of(bits: int, open_bit: int, channels: int) -> int:
    """Which of the first `channels` status bits read open, where `open_bit` is the bit that means open."""
    mask = (1 << channels) - 1
    return (bits if open_bit else ~bits) & mask
