"""Carries the procedure's steps out, one after the other, until it ends, is stopped, or is interrupted."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable
from pathlib import Path

from controller.commission.front import Front
from controller.commission.hands import Hands
from controller.commission.procedure import Procedure
from controller.commission.progress import keep_progress
from controller.commission.steps import Answer, AskDoors, AskShut, Keep, Look, Pulse, Reply, Step, Tell, Turn

# A terminal that goes away must leave the coils off too.
_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def conduct(procedure: Procedure, hands: Hands, front: Front, data_dir: Path) -> bool:
    """Whether the procedure came to its end. Coils are off when this returns or raises."""
    try:
        await hands.start()
        return await _all_steps(procedure, hands, front, data_dir)
    finally:
        await hands.stop()


async def interruptible(work: Awaitable[bool]) -> bool:
    """The work's answer; False when a signal ended it. It then had the time to put everything off; once is enough."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()

    def end() -> None:
        for number in _ENDINGS:
            loop.remove_signal_handler(number)
            loop.add_signal_handler(number, lambda: None)
        task.cancel()

    for number in _ENDINGS:
        loop.add_signal_handler(number, end)
    try:
        return await task
    except asyncio.CancelledError:
        return False
    finally:
        for number in _ENDINGS:
            loop.remove_signal_handler(number)


async def _all_steps(procedure: Procedure, hands: Hands, front: Front, data_dir: Path) -> bool:
    steps = procedure.run()
    with contextlib.closing(steps):
        try:
            step = next(steps)
            while True:
                step = steps.send(await _carry_out(step, hands, front, data_dir))
        except StopIteration as end:
            return bool(end.value)


async def _carry_out(step: Step, hands: Hands, front: Front, data_dir: Path) -> Answer:
    if isinstance(step, Look):
        return await hands.look()
    if isinstance(step, Turn):
        return Reply.YES if await hands.turn(step.board, step.sensor) else Reply.SKIP
    if isinstance(step, Pulse):
        return await hands.pulse(step.coil)
    if isinstance(step, AskShut):
        return await front.shut(step)
    if isinstance(step, AskDoors):
        return await front.doors(step)
    if isinstance(step, Keep):
        await asyncio.to_thread(keep_progress, data_dir, step.progress)
        if step.trial is not None:
            hands.settle(step.trial)
    elif isinstance(step, Tell):
        front.tell(step)
    return Reply.YES
