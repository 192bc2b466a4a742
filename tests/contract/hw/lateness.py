"""How late this machine is with what it was asked to do, so that a test of times speaks of the code alone."""

import asyncio
import time

TICK_S = 0.005


class Lateness:
    """By how much this machine wakes its programs too late: no fault of the line's, so it is taken off what it took."""

    def __init__(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._tick())
        self.total_s = 0.0

    async def _tick(self) -> None:
        while True:
            began = time.monotonic()
            await asyncio.sleep(TICK_S)
            self.total_s += max(0.0, time.monotonic() - began - 2 * TICK_S)

    def stop(self) -> None:
        self._task.cancel()
