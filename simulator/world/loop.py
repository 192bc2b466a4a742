"""An asyncio loop on virtual time, without socket, thread or clock: it leaps from one timer to the next.

Each process of the world has a `Life` of its own on it: a loop for that process, which can be held and ended.
"""

import asyncio
import inspect
import math
from asyncio import events
from collections.abc import Callable, Coroutine, Generator, Sequence
from contextvars import Context
from heapq import heapify, heappop, heappush
from typing import Any, NoReturn, TypeVar, TypeVarTuple

from simulator.errors import WorldError

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
_NEVER = 1 << 62
# Half of the least step: 0.25 s after 0.1 s is due at 350 ms, although 0.1 + 0.25 is a little more than that.
_ROUNDING_MS = 0.0005
# Timers that were cancelled are let go when they are this many and more than half of all.
_CANCELLED = 200


class _Handle(asyncio.TimerHandle):
    """asyncio's handle, of a timer or not, without what its debug mode needs: there are millions of them.

    Only tasks and futures bring a context; nothing else here has context variables.
    """

    __slots__ = ()

    def __init__(
        self,
        callback: Callable[..., object],
        args: Sequence[Any],
        loop: asyncio.AbstractEventLoop,
        context: Context | None = None,
        when: float | None = None,
    ) -> None:
        self._context = context
        self._loop: Any = loop
        self._callback: Any = callback
        self._args: Any = args
        self._cancelled = False
        self._repr = None
        self._source_traceback = None
        self._when = when or 0.0
        self._scheduled = when is not None

    def cancel(self) -> None:
        """See asyncio."""
        if not self._cancelled:
            self._cancelled = True
            self._callback = self._args = None
            if self._scheduled:
                self._loop.timer_cancelled()


class VirtualLoop(asyncio.BaseEventLoop):
    """The world's own loop. `now_ms` is the true time (unix ms), `time()` the seconds since the world began.

    What is due at the same millisecond runs in the order it was asked for. The world's own callbacks have no use for a
    running loop: while they run it is still that of the life before, for to set it each time is slow.
    """

    deaf = False

    def __init__(self, start_ms: int) -> None:
        super().__init__()
        self.set_debug(False)
        self.start_ms = self.now_ms = start_ms
        self._ready: Any
        self._stopping: bool
        self._timers: list[tuple[int, int, _Handle]] = []
        self._added = 0
        self._cancelled = 0
        self._until_ms = _NEVER
        self.lives: list[Life] = []
        self._defect: BaseException | None = None

    def time(self) -> float:
        """Virtual seconds since the world began."""
        return (self.now_ms - self.start_ms) / 1_000

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """See asyncio; rounded up to whole milliseconds."""
        return self.timer(self.start_ms + whole_ms(when), self, when, callback, args, context)

    def timer(
        self,
        at_ms: int,
        loop: asyncio.AbstractEventLoop,
        when: float,
        callback: Callable[..., object],
        args: tuple[Any, ...],
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """A timer of `loop` (this one, or a life) at the world's `at_ms`."""
        handle = _Handle(callback, args, loop, context, when)
        self._added += 1
        heappush(self._timers, (at_ms, self._added, handle))
        return handle

    def at(self, at_ms: int, callback: Callable[[*Ts], object], *args: *Ts) -> asyncio.TimerHandle:
        """Call at that instant (unix ms), or as soon as possible if it is over."""
        return self.timer(at_ms, self, 0.0, callback, args)

    def after(self, ms: int, callback: Callable[[*Ts], object], *args: *Ts) -> asyncio.TimerHandle:
        """Call so many milliseconds from now."""
        return self.timer(self.now_ms + ms, self, 0.0, callback, args)

    def life(self, born_ms: int) -> "Life":
        """A new process, on a machine that booted at `born_ms`."""
        life = Life(self, born_ms)  # type: ignore[abstract]
        self.lives.append(life)
        return life

    def close(self) -> None:
        """The world is over, and whatever still lives in it."""
        for life in self.lives.copy():
            life.end()
        super().close()

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """There is one thread only."""
        return self.call_soon(callback, *args, context=context)

    def run_in_executor(self, *_: object) -> NoReturn:
        """Refused: a thread would bring its own time."""
        raise WorldError("there is no thread in the deterministic world")

    def run_until(self, at_ms: int) -> None:
        """Run everything due before or at `at_ms` (unix ms). Raises what a callback of the world's own raised."""
        self._until_ms = at_ms
        try:
            self.run_forever()
        finally:
            self._until_ms = _NEVER
        if self._defect is not None:
            defect, self._defect = self._defect, None
            raise defect

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """A defect of the world itself ends the run."""
        self._defect = self._defect or context.get("exception") or WorldError(context["message"])
        self.stop()

    def enqueue(self, handle: asyncio.Handle) -> None:
        """Run this handle when the loop turns."""
        self._ready.append(handle)

    def timer_cancelled(self) -> None:
        """One of its timers will not be waited for."""
        self._cancelled += 1
        if self._cancelled > _CANCELLED and self._cancelled > len(self._timers) // 2:
            self._timers = [entry for entry in self._timers if not entry[2]._cancelled]
            heapify(self._timers)
            self._cancelled = 0

    def _run_once(self) -> None:
        """Turn after turn until the run ends: what is due, then all that is ready; or the leap to the next timer."""
        ready = self._ready
        running: Any = self
        try:
            while not self._stopping and self._ripen():
                for _ in range(len(ready)):
                    handle = ready.popleft()
                    if handle._cancelled:
                        continue
                    loop = handle._loop
                    if loop.deaf:
                        loop.keep(handle)
                        continue
                    if loop is not running and loop is not self:
                        running = loop
                        events._set_running_loop(loop)
                    try:
                        if handle._context is None:
                            handle._callback(*handle._args)
                        else:
                            handle._context.run(handle._callback, *handle._args)
                    except (SystemExit, KeyboardInterrupt):
                        raise
                    except BaseException as error:  # noqa: BLE001 - as asyncio does: it is told, and ends the run
                        loop.call_exception_handler({"message": repr(handle._callback), "exception": error})
        finally:
            events._set_running_loop(self)

    def _ripen(self) -> bool:
        """What is due becomes ready; where nothing is, the clock leaps to the next timer. False (and the run ends) if
        none comes before its end."""
        timers, ready = self._timers, self._ready
        while timers:
            due_ms, _, handle = timers[0]
            if due_ms > self.now_ms and not handle._cancelled:
                if ready or due_ms > self._until_ms:
                    break
                self.now_ms = due_ms
            heappop(timers)
            handle._scheduled = False
            if handle._cancelled:
                self._cancelled -= 1
            else:
                ready.append(handle)
        if ready:
            return True
        if self._until_ms == _NEVER:
            raise WorldError("nothing will ever happen again, and something is still waited for")
        self.now_ms = max(self.now_ms, self._until_ms)
        self.stop()
        return False


class Life(asyncio.AbstractEventLoop):
    """The loop of one process of the world, from its start to its death.

    `time()` is its machine's monotonic clock in seconds (`born_ms`: when that machine booted). While its callbacks
    run it is the running loop. After `end` nothing of it runs any more; while held (stopped or hung) all of it waits.
    """

    def __init__(self, world: VirtualLoop, born_ms: int) -> None:
        self.world = world
        self.ended = False
        self.deaf = False
        self._born_ms = born_ms
        self._tasks: dict[asyncio.Task[Any], Coroutine[Any, Any, Any]] = {}
        self._held: list[asyncio.Handle] | None = None
        self._handler: Callable[[asyncio.AbstractEventLoop, dict[str, Any]], object] | None = None

    def time(self) -> float:
        """The machine's monotonic clock."""
        return (self.world.now_ms - self._born_ms) / 1_000

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """See asyncio."""
        handle = _Handle(callback, args, self, context)
        if not self.ended:
            self.world.enqueue(handle)
        return handle

    call_soon_threadsafe = call_soon

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """See asyncio; rounded up to whole milliseconds."""
        at_ms = self.world.now_ms + whole_ms(delay)
        return self.world.timer(at_ms, self, self.time() + delay, callback, args, context)

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """See asyncio; rounded up to whole milliseconds."""
        return self.world.timer(self._born_ms + whole_ms(when), self, when, callback, args, context)

    def create_future(self) -> asyncio.Future[Any]:
        """See asyncio."""
        return asyncio.Future(loop=self)

    def create_task(
        self, coro: Generator[Any, None, T] | Coroutine[Any, Any, T], *, name: str | None = None, **options: Any
    ) -> asyncio.Task[T]:
        """See asyncio."""
        assert asyncio.iscoroutine(coro)
        if self.ended:
            coro.close()
            raise WorldError("a process that is dead starts nothing")
        task = asyncio.Task(coro, loop=self, name=name or "life", **options)
        self._tasks[task] = coro
        task.add_done_callback(self._task_done)
        return task

    def run_in_executor(self, *_: object) -> NoReturn:
        """Refused: a thread would bring its own time."""
        raise WorldError("there is no thread in the deterministic world")

    def is_running(self) -> bool:
        """Whether the process lives."""
        return not self.ended

    def is_closed(self) -> bool:
        """Whether the process has died."""
        return self.ended

    def get_debug(self) -> bool:
        """Never."""
        return False

    def set_exception_handler(
        self, handler: Callable[[asyncio.AbstractEventLoop, dict[str, Any]], object] | None
    ) -> None:
        """What hears of exceptions that nobody caught."""
        self._handler = handler

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """See asyncio; without a handler it is a defect of the world."""
        if self._handler is not None:
            self._handler(self, context)
        else:
            self.world.call_exception_handler(context)

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        """The world hears of it."""
        self.world.call_exception_handler(context)

    def hold(self) -> None:
        """Stop the process where it is: what comes meanwhile waits, in order."""
        if self._held is None and not self.ended:
            self._held, self.deaf = [], True

    def resume(self) -> None:
        """Let it go on."""
        held, self._held = self._held, None
        self.deaf = self.ended
        for handle in held or ():
            self.world.enqueue(handle)

    def end(self) -> None:
        """The process is dead. Its coroutines are unwound at once: whatever they still say falls on deaf ears."""
        if self.ended:
            return
        self.ended = self.deaf = True
        self._held = None
        self.world.lives.remove(self)
        tasks, self._tasks = self._tasks, {}
        for task, coro in tasks.items():
            task._log_destroy_pending = False  # type: ignore[attr-defined]
            self._unwind(coro)

    def keep(self, handle: asyncio.Handle) -> None:
        """Something was to run while the process does not: kept while it is only held."""
        if self._held is not None:
            self._held.append(handle)

    def timer_cancelled(self) -> None:
        """One of its timers will not be waited for."""
        self.world.timer_cancelled()

    def _task_done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.pop(task, None)

    def _unwind(self, coro: Coroutine[Any, Any, Any]) -> None:
        if (
            inspect.getcoroutinestate(coro) == inspect.CORO_RUNNING
        ):  # it died by its own hand: unwound once it has come back
            self.world.call_soon(self._unwind, coro)
            return
        before = events._get_running_loop()
        events._set_running_loop(self)
        try:
            coro.close()
        except Exception:  # noqa: BLE001 - it still wanted to wait, or to use what is gone: it is dead
            return
        finally:
            events._set_running_loop(before)


def whole_ms(seconds: float) -> int:
    """Seconds in whole milliseconds, rounded up."""
    return math.ceil(seconds * 1_000 - _ROUNDING_MS)
