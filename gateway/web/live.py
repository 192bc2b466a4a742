"""Live pages: one stream per tab sends the fragments that changed, and says so in words for screen readers.

A stream reads the same fragments as the page, whenever something was committed and at least every few seconds, and
sends those that differ from what it sent last: nothing depends on an event not being missed.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

from fastapi.sse import ServerSentEvent
from markupsafe import escape
from sqlalchemy.exc import DBAPIError
from starlette.concurrency import run_in_threadpool

from gateway.errors import GatewayError

# What other gateways on the same database commit, and what passes with time alone (offline), is seen this often.
REREAD_S = 5.0
# Several commits within this time are one update: still well within the second that staff are promised.
GATHER_S = 0.08
NEWS_AT_MOST = 6


class Wakeups:
    """Wakes live streams after each commit, from whatever thread committed, and every few seconds."""

    def __init__(self) -> None:
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    def heard(self, _news: object) -> None:
        """A listener of the database."""
        for loop, changed in list(self._waiting):
            if not loop.is_closed():
                loop.call_soon_threadsafe(changed.set)

    async def follow(self) -> AsyncIterator[None]:
        """At once, then each time something may have changed."""
        changed = asyncio.Event()
        entry = (asyncio.get_running_loop(), changed)
        self._waiting.add(entry)
        try:
            while True:
                changed.clear()
                yield
                try:
                    async with asyncio.timeout(REREAD_S):
                        await changed.wait()
                    await asyncio.sleep(GATHER_S)
                except TimeoutError:
                    pass
        finally:
            self._waiting.discard(entry)


@dataclass(frozen=True)
class Fragment:
    """A part of a page that replaces the element of the same id; `spoken` is said aloud when it changes."""

    html: str
    spoken: str = ""


@dataclass(frozen=True)
class Reading:
    """What a stream's page shows now; `over` when it will not change again."""

    fragments: Mapping[str, Fragment]
    over: bool = False


async def changes(wakeups: Wakeups, read: Callable[[], Reading]) -> AsyncIterator[ServerSentEvent]:
    """Messages for one tab, until the page is over or the reader may not see it any more."""
    sent: dict[str, Fragment] = {}
    async for _ in wakeups.follow():
        try:
            reading = await run_in_threadpool(read)
        except (GatewayError, DBAPIError):
            return  # the page says that the connection is lost, and asks for another stream
        fresh = {name: part for name, part in reading.fragments.items() if sent.get(name) != part}
        if fresh:
            yield ServerSentEvent(raw_data=_message(fresh, sent))
            sent.update(fresh)
        if reading.over:
            yield ServerSentEvent(event="over", raw_data="over")
            return
        yield ServerSentEvent(event="beat", raw_data="beat")


def _message(fresh: Mapping[str, Fragment], sent: Mapping[str, Fragment]) -> str:
    parts = [
        f'<hx-partial hx-target="#{name}" hx-swap="outerMorph">{part.html}</hx-partial>' for name, part in fresh.items()
    ]
    news = [
        part.spoken for name, part in fresh.items() if name in sent and part.spoken and part.spoken != sent[name].spoken
    ]
    if news:
        spoken = escape(". ".join(news[:NEWS_AT_MOST]))
        parts.append(f'<hx-partial hx-target="#news" hx-swap="innerHTML">{spoken}</hx-partial>')
    return "\n".join(parts)
