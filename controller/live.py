"""What happens at the bank as it happens, for a technician's eyes: devices, lockers, faults, entries; no numbers."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from controller.errors import ControlError
from hw import ports

MOST_WATCHERS = 4
# A tool that reads too slowly is told how much it missed; the bank does not wait for it.
_BACKLOG = 1_000
# A digest names a badge to whoever holds the key: no tool needs it.
_KEPT_INSIDE = frozenset({"digest", "old", "new"})

Line = Mapping[str, Any]


def shown_body(body: Mapping[str, Any]) -> dict[str, Any]:
    """An entry's body without digests."""
    return {name: value for name, value in body.items() if name not in _KEPT_INSIDE}


class _Watcher:
    def __init__(self) -> None:
        self._lines: deque[Line] = deque()
        self._missed = 0
        self._ready = asyncio.Event()

    def put(self, line: Line) -> None:
        if len(self._lines) < _BACKLOG:
            self._lines.append(line)
        else:
            self._missed += 1
        self._ready.set()

    async def lines(self) -> AsyncGenerator[Line, None]:
        while True:
            await self._ready.wait()
            self._ready.clear()
            while self._lines:
                yield self._lines.popleft()
            if self._missed:
                missed, self._missed = self._missed, 0
                yield {"what": "missed", "count": missed}


class Live:
    """Those who watch. `bank` gives the whole bank as it stands, with its `lockers` and `faults`."""

    def __init__(self, bank: Callable[[], dict[str, Any]], lockers: Mapping[ports.Coil, int]) -> None:
        self._bank = bank
        self._numbers = lockers
        self._watchers: list[_Watcher] = []
        self._lockers: list[Line] = []
        self._faults: list[Line] = []

    @property
    def watched(self) -> bool:
        """Whether anyone looks: nothing below needs to be called otherwise."""
        return bool(self._watchers)

    async def watch(self) -> AsyncGenerator[Line, None]:
        """The bank, then whatever happens. Raises ControlError `busy` if too many watch already."""
        with self._watching() as watcher:
            bank = self._bank()
            self._lockers, self._faults = bank["lockers"], bank["faults"]
            yield {"what": "bank", **bank}
            async for line in watcher.lines():
                yield line

    @contextmanager
    def _watching(self) -> Iterator[_Watcher]:
        if len(self._watchers) >= MOST_WATCHERS:
            raise ControlError("busy", f"{MOST_WATCHERS} tools watch already: close one of them")
        watcher = _Watcher()
        self._watchers.append(watcher)
        try:
            yield watcher
        finally:
            self._watchers.remove(watcher)

    def device(self, event: ports.DeviceEvent) -> None:
        """A device said something."""
        self.tell(_told(event, self._numbers))

    def settled(self) -> None:
        """All that was to be done is done: tell which lockers and faults have changed."""
        bank = self._bank()
        before, self._lockers = self._lockers, bank["lockers"]
        for old, new in zip(before, self._lockers, strict=True):
            if new != old:
                self.tell({"what": "locker", **new})
        if bank["faults"] != self._faults:
            self._faults = bank["faults"]
            self.tell({"what": "faults", "faults": self._faults})

    def tell(self, line: Line) -> None:
        """One line to everyone."""
        for watcher in self._watchers:
            watcher.put(line)


def _told(event: ports.DeviceEvent, lockers: Mapping[ports.Coil, int]) -> dict[str, Any]:
    """A device event in a tool's words. Neither a badge's number nor which key was pressed."""
    match event:
        case ports.BadgeRead():
            said = {"what": "badge", "reader": event.reader, "technology": event.technology, "stale": event.stale}
        case ports.KeyPressed():
            said = {"what": "key", "reader": event.reader}
        case ports.CardRefused():
            said = {"what": "card_refused", "reader": event.reader, "why": event.why}
        case ports.InputSensed():
            said = {"what": "input", "input": event.input, "kind": event.kind, "active": event.active}
        case ports.DeviceFault():
            return {
                "what": "fault", "device": event.device, "kind": event.kind, "code": event.code,
                "detail": event.detail,
            }  # fmt: skip
        case ports.DeviceRecovered():
            return {"what": "recovered", "device": event.device, "kind": event.kind}
        case _:
            said = _told_of_channel(event, lockers)
    return {**said, "at_ms": event.at_ms}


def _told_of_channel(
    event: ports.DoorSensed | ports.LockAccepted | ports.LockFailed, lockers: Mapping[ports.Coil, int]
) -> dict[str, Any]:
    where = {
        "locker": lockers.get(ports.Coil(event.board, event.channel)), "board": event.board, "channel": event.channel,
    }  # fmt: skip
    if isinstance(event, ports.DoorSensed):
        return {"what": "sensor", **where, "sensor": event.sensor, "open": event.open}
    if isinstance(event, ports.LockFailed):
        return {"what": "failed", **where, "code": event.code}
    return {"what": "accepted", **where}
