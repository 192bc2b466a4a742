"""The simulated bank on a loop of its own thread, with a stopwatch at its reader and its coils."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import TypeVar

from simulator.bank import SimulatedBank
from simulator.devices import Unlock
from simulator.scenario import BankPlan, Places
from tests.bench.priority import like_hardware

UNLOCKED_WITHIN_S = 10
T = TypeVar("T")


class Stand:
    """`closes_after_ms`: the simulated person who shuts each door again."""

    def __init__(self, plan: BankPlan, places: Places, closes_after_ms: float) -> None:
        self._locker_at = {
            (address, channel): number
            for address, name in enumerate(plan.boards, 1)
            for number, board, channel in plan.lockers()
            if board == name
        }
        self._loop = asyncio.new_event_loop()
        self._awaited: tuple[int, asyncio.Future[float]] = 0, self._loop.create_future()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._loop.call_soon_threadsafe(like_hardware)
        self.bank = SimulatedBank(plan, places, pacing=False, closes_after_ms=closes_after_ms)
        self.bank.on_unlock = self._unlock
        self._submit(self.bank.start()).result(10)

    def send(self, frame: bytes) -> float:
        """Let the reader send these bytes; answers when, in monotonic milliseconds. Called on the loop."""
        at_ms = time.monotonic() * 1_000
        self.bank.reader_port.send(frame)
        return at_ms

    def coil_after_ms(self, locker: int, act: Callable[[], float]) -> float:
        """Milliseconds from `act` (which answers when it acted) to the first byte of the locker's unlock frame.

        One that does not come within ten seconds counts as ten: on a machine so busy that a board answers later than
        its line waits, the frame is taken back.
        """
        return self._submit(self._measure(locker, act)).result(UNLOCKED_WITHIN_S + 5)

    async def _measure(self, locker: int, act: Callable[[], float]) -> float:
        self._awaited = locker, self._loop.create_future()
        at_ms = act()
        try:
            async with asyncio.timeout(UNLOCKED_WITHIN_S):
                return await self._awaited[1] - at_ms
        except TimeoutError:
            return UNLOCKED_WITHIN_S * 1_000

    def _unlock(self, unlock: Unlock) -> None:
        locker, unlocked = self._awaited
        if self._locker_at[unlock.address, unlock.channel] == locker and not unlocked.done():
            unlocked.set_result(unlock.frame_at)

    def _submit(self, work: Coroutine[None, None, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def close(self) -> None:
        """Unplug everything."""
        self._submit(self.bank.stop()).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
