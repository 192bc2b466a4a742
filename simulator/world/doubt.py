"""How long a bank's clock may be judged either way: until two clocks have agreed again, and the floor waited for them.

Alone with one clock a bank keeps what that clock has claimed (a day in all: docs/decisions/0015-time.md), and what it
has missed between two starts, for as long as nobody else tells it the time.
"""

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from gateway.link.service import CLIENT_ID

if TYPE_CHECKING:
    from simulator.world.world import World

# That two agree is certain after some looks at which nothing was between them.
_LOOKS = 3


def until_in_touch(
    world: "World",
    bank: str,
    clocks: "Counter[str]",
    by: int,
    every_ms: int,
    counts: Callable[[str], bool] = lambda _: True,
) -> None:
    """Take `by` away from what `clocks` counts for that bank, once it was in touch at three looks, `every_ms` apart,
    that `counts`."""
    left = [_LOOKS]

    def look() -> None:
        left[0] -= counts(bank) and in_touch(world, bank)
        if left[0] > 0:
            world.loop.after(every_ms, look)
        else:
            clocks[bank] -= by

    world.loop.after(every_ms, look)


def in_touch(world: "World", bank: str) -> bool:
    """Whether the gateway tells it the time, as far as wires, broker and processes go."""
    controller, broker = world.banks[bank], world.broker
    ways = (controller.client, CLIENT_ID)
    return (
        controller.running
        and world.gateway.running
        and all(broker.is_connected(way) and world.network.link(way).open for way in ways)
    )
