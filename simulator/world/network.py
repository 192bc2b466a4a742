"""The network between clients and broker: one link a client, with latency, and what breaks: cut, half-open, stalled."""

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any

from simulator.world.loop import VirtualLoop

LATENCY_MS = (2, 40)


class Link:
    """One client's way to the broker."""

    def __init__(self, loop: VirtualLoop, chance: Random, latency_ms: tuple[int, int]) -> None:
        self._loop = loop
        self._chance = chance
        self.latency_ms = latency_ms
        self.state = "open"
        self._stalled_until_ms = 0

    @property
    def open(self) -> bool:
        """Whether what is sent arrives."""
        return self.state == "open"

    def arrives_ms(self) -> int:
        """When something sent now would arrive."""
        low, high = self.latency_ms
        return max(self._loop.now_ms, self._stalled_until_ms) + low + int(self._chance.random() * (high - low + 1))

    def stall(self, for_ms: int) -> None:
        """Nothing arrives for so long, then all of it does, in order."""
        self._stalled_until_ms = max(self._stalled_until_ms, self._loop.now_ms + for_ms)


class Pipe:
    """One direction of one connection: what goes in comes out in order, or not at all once the pipe is broken."""

    __slots__ = ("_last_ms", "_link", "_loop", "broken")

    def __init__(self, loop: VirtualLoop, link: Link) -> None:
        self._loop = loop
        self._link = link
        self._last_ms = 0
        self.broken = False

    def send(self, deliver: Callable[..., object], *values: Any) -> None:
        """Calls `deliver(*values)` after the link's latency. While the link is not open the bytes vanish, and as
        nothing after them can be read, so does everything that follows."""
        if not self._link.open:
            self.broken = True
        if self.broken:
            return
        self._last_ms = max(self._link.arrives_ms(), self._last_ms)
        self._loop.at(self._last_ms, self._arrive, deliver, values)

    def _arrive(self, deliver: Callable[..., object], values: tuple[Any, ...]) -> None:
        if not self.broken:
            deliver(*values)


class Network:
    """Every client's link, made when first asked for; `changed` hears of each change of a link's state."""

    def __init__(self, loop: VirtualLoop, chance: Random, *, latency_ms: tuple[int, int] = LATENCY_MS) -> None:
        self._loop = loop
        self._chance = chance
        self._latency_ms = latency_ms
        self._links: dict[str, Link] = {}
        self._flapping: dict[str, asyncio.TimerHandle] = {}
        self.changed: list[Callable[[str, str], None]] = []

    def link(self, client: str) -> Link:
        """The client's link."""
        if client not in self._links:
            self._links[client] = Link(self._loop, self._chance, self._latency_ms)
        return self._links[client]

    def cut(self, client: str) -> None:
        """Both ends see it at once (the cable is out, the name cannot be looked up): no connection can be made."""
        self._become(client, "cut")

    def half_open(self, client: str) -> None:
        """Bytes vanish both ways and nobody is told: each end finds out by its keep-alive."""
        self._become(client, "half_open")

    def heal(self, client: str) -> None:
        """New connections come about; those that lost bytes stay dead until their ends find out."""
        self._become(client, "open")

    def stall(self, client: str, for_ms: int) -> None:
        """Nothing arrives for so long, and nothing is lost."""
        self.link(client).stall(for_ms)

    def flap(self, client: str, *, times: int, up_ms: int, down_ms: int) -> None:
        """Cut and healed so many times, beginning with a cut."""
        self.cut(client)
        self._flapping[client] = self._loop.after(down_ms, self._flap_up, client, times - 1, up_ms, down_ms)

    def _flap_up(self, client: str, times: int, up_ms: int, down_ms: int) -> None:
        self.heal(client)
        if times:
            self._flapping[client] = self._loop.after(up_ms, self._flap_down, client, times, up_ms, down_ms)

    def _flap_down(self, client: str, times: int, up_ms: int, down_ms: int) -> None:
        self.flap(client, times=times, up_ms=up_ms, down_ms=down_ms)

    def _become(self, client: str, state: str) -> None:
        timer = self._flapping.pop(client, None)
        if timer is not None:
            timer.cancel()
        link = self.link(client)
        if link.state != state:
            link.state = state
            for listener in self.changed:
                listener(client, state)
