"""A port that one program let go of can be opened by the next at once."""

import asyncio
import os
from pathlib import Path

from simulator.pty_port import PtyPort


def test_the_path_leads_to_a_port_at_every_moment_while_programs_come_and_go(tmp_path: Path) -> None:
    path = tmp_path / "a.tty"
    seen: list[bool] = []

    class Watched(PtyPort):
        def _let_go(self, master: int, arrivals: object) -> None:
            seen.append(path.exists())
            super()._let_go(master, arrivals)  # type: ignore[arg-type]
            seen.append(path.exists())

    async def scene() -> None:
        port = Watched(path, lambda _byte, _at: None)
        port.plug()
        for turn in range(1, 6):
            os.close(os.open(path, os.O_RDWR | os.O_NOCTTY))
            deadline = asyncio.get_running_loop().time() + 5
            while len(seen) < 2 * turn:
                assert asyncio.get_running_loop().time() < deadline
                await asyncio.sleep(0.001)
        assert all(seen)
        port.unplug()
        assert not path.exists()

    asyncio.run(scene())
