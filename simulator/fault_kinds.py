"""The kinds of faults that a bank's hardware can have: of a door, of a lock's wires, of a coil, of a device."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from simulator.bank import SimulatedBank
from simulator.errors import MissingValueError, NotAvailableError, UnknownNameError
from simulator.fittings import Fitting
from simulator.physics import Door
from simulator.serial_boards.modbus_relay import ModbusRelay


@dataclass(frozen=True, slots=True)
class Target:
    """What a fault is to befall: one locker, one device, or (both None) whatever it can."""

    number: int | None = None
    device: str | None = None


class Fault(Protocol):
    """One kind of fault."""

    @property
    def takes_number(self) -> bool:
        """Whether it can be told one door."""

    def devices(self, bank: SimulatedBank) -> dict[str, bool]:
        """The devices of the bank that can have it, and whether they do; empty for a fault of doors."""

    def doors(self, bank: SimulatedBank) -> list[int]:
        """The doors that have it; empty for a fault of devices."""

    def is_on(self, bank: SimulatedBank) -> bool:
        """Whether anything of the bank has it."""

    def available(self, bank: SimulatedBank) -> bool:
        """Whether anything of the bank can have it."""

    async def switch(self, bank: SimulatedBank, on: bool, target: Target) -> None:
        """Let it happen, or mend it. Raises UnknownNameError, NotAvailableError, MissingValueError."""


@dataclass(frozen=True, slots=True)
class DoorFault:
    """A fault of one door: on needs its number (or `anywhere` picks one), off without a number mends every door."""

    change: Callable[[SimulatedBank, Door, bool], None]
    state: Callable[[Door], bool]
    anywhere: Callable[[SimulatedBank], None] | None = None
    waits: Callable[[SimulatedBank], bool] | None = None
    needs_latches: bool = False
    takes_number: bool = True

    def devices(self, bank: SimulatedBank) -> dict[str, bool]:  # noqa: ARG002 - as every fault
        return {}

    def doors(self, bank: SimulatedBank) -> list[int]:
        return [number for number, door in bank.doors.items() if self.state(door)]

    def is_on(self, bank: SimulatedBank) -> bool:
        return bool(self.doors(bank)) or (self.waits is not None and self.waits(bank))

    def available(self, bank: SimulatedBank) -> bool:
        return not self.needs_latches or any(board.has_latches for board in bank.plan.boards.values())

    async def switch(self, bank: SimulatedBank, on: bool, target: Target) -> None:
        if not self.available(bank):
            raise NotAvailableError(f"{bank.plan.name} has no board with a second sensor, the latch's")
        if on and target.number is None:
            if self.anywhere is None:
                raise MissingValueError(f"say which door, as number: one of 1 to {len(bank.doors)}")
            self.anywhere(bank)
            return
        if target.number is None:
            bank.jam_next = bank.jam_next and self.waits is None
        for door in [bank.door(target.number)] if target.number is not None else bank.doors.values():
            if on or self.state(door):
                self.change(bank, door, on)


@dataclass(frozen=True, slots=True)
class WireFault:
    """A mistake in the wiring of one lock, told by the lockers that then hang on its coil and on the next one's."""

    hang: Callable[[int, int], dict[int, tuple[int, ...]]]
    takes_number: bool = True

    def devices(self, bank: SimulatedBank) -> dict[str, bool]:  # noqa: ARG002 - as every fault
        return {}

    def doors(self, bank: SimulatedBank) -> list[int]:
        return [number for number in bank.doors if self._has(bank, number)]

    def is_on(self, bank: SimulatedBank) -> bool:
        return bool(self.doors(bank))

    def available(self, bank: SimulatedBank) -> bool:
        return len(bank.doors) > 1

    async def switch(self, bank: SimulatedBank, on: bool, target: Target) -> None:
        if on and target.number is None:
            raise MissingValueError(f"say which door, as number: one of 1 to {len(bank.doors)}")
        if target.number is not None:
            bank.door(target.number)
        for number in bank.doors if target.number is None else [target.number]:
            if on:
                bank.wires |= self._hang(bank, number)
            elif self._has(bank, number):
                for coil in self._hang(bank, number):
                    del bank.wires[coil]

    def _hang(self, bank: SimulatedBank, number: int) -> dict[int, tuple[int, ...]]:
        return self.hang(number, number % len(bank.doors) + 1)

    def _has(self, bank: SimulatedBank, number: int) -> bool:
        return all(bank.wires.get(coil) == hang for coil, hang in self._hang(bank, number).items())


@dataclass(frozen=True, slots=True)
class DeviceFault:
    """A fault of devices of one sort: of the one that is named, else of all that can have it."""

    sort: Callable[[SimulatedBank], dict[str, Fitting]]
    can: Callable[[Fitting], bool]
    has: Callable[[Fitting], bool]
    change: Callable[[SimulatedBank, Fitting, bool], Awaitable[None]]
    none: str
    takes_number: bool = False

    def devices(self, bank: SimulatedBank) -> dict[str, bool]:
        return {name: self.has(each) for name, each in self._able(bank)}

    def doors(self, bank: SimulatedBank) -> list[int]:  # noqa: ARG002 - as every fault
        return []

    def is_on(self, bank: SimulatedBank) -> bool:
        return any(self.devices(bank).values())

    def available(self, bank: SimulatedBank) -> bool:
        return bool(self.devices(bank))

    async def switch(self, bank: SimulatedBank, on: bool, target: Target) -> None:
        able = dict(self._able(bank))
        if not able:
            raise NotAvailableError(f"{bank.plan.name} has {self.none}")
        if target.device is not None and target.device not in able:
            raise UnknownNameError("device", target.device, able)
        for fitting in able.values() if target.device is None else [able[target.device]]:
            if on or self.has(fitting):
                await self.change(bank, fitting, on)

    def _able(self, bank: SimulatedBank) -> Iterator[tuple[str, Fitting]]:
        return ((name, each) for name, each in self.sort(bank).items() if self.can(each))


@dataclass(frozen=True, slots=True)
class CoilDriverFault:
    """A board's driver that no longer switches a coil off, where the board can tell: a Modbus relay's."""

    takes_number: bool = True

    def devices(self, bank: SimulatedBank) -> dict[str, bool]:  # noqa: ARG002 - as every fault
        return {}

    def doors(self, bank: SimulatedBank) -> list[int]:
        return [number for number, board, channel in self._coils(bank) if channel in board.stuck]

    def is_on(self, bank: SimulatedBank) -> bool:
        return bool(self.doors(bank))

    def available(self, bank: SimulatedBank) -> bool:
        return next(self._coils(bank), None) is not None

    async def switch(self, bank: SimulatedBank, on: bool, target: Target) -> None:
        coils = {number: (board, channel) for number, board, channel in self._coils(bank)}
        if not coils:
            raise NotAvailableError(f"{bank.plan.name} has no board that can tell: a Modbus relay")
        if on and target.number is None:
            raise MissingValueError(f"say which door, as number: one of {', '.join(map(str, coils))}")
        if target.number is not None and target.number not in coils:
            raise UnknownNameError("door on such a board", target.number, coils)
        for number in coils if target.number is None else [target.number]:
            board, channel = coils[number]
            (board.stuck.add if on else board.stuck.discard)(channel)

    def _coils(self, bank: SimulatedBank) -> Iterator[tuple[int, ModbusRelay, int]]:
        for number, name, channel in bank.plan.lockers():
            device = bank.boards[name].device
            if isinstance(device, ModbusRelay):
                yield number, device, channel
