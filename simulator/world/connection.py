"""A controller's connection to the model of the broker, without a socket: see controller.connection."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

from controller.connection import Acknowledged, OnMessage
from controller.errors import LinkError, NotAcceptedError
from controller.mqtt_connection import ANSWER_WITHIN_S
from simulator.world.broker import Broker
from simulator.world.broker_client import Client, Message, Will
from simulator.world.loop import Life


class WorldConnection:
    """Open once, use, close. Whatever the broker says reaches the life through its own loop."""

    def __init__(
        self, life: Life, model: Broker, client_id: str, will_topic: str, will: bytes, on_message: OnMessage
    ) -> None:
        self._life = life
        self._model = model
        self._client_id = client_id
        self._will = Will(will_topic, will)
        self._on_message = on_message
        self._client: Client | None = None
        self._unacknowledged = 0
        self._acknowledgement = asyncio.Event()
        self._accepted: asyncio.Future[None] = life.create_future()
        self.lost: asyncio.Future[str] = life.create_future()

    @property
    def up(self) -> bool:
        """See controller.connection."""
        return self._client is not None and self._client.up and not self.lost.done()

    async def acknowledged_below(self, count: int) -> None:
        """See controller.connection."""
        while self.up and self._unacknowledged >= count:
            self._acknowledgement.clear()
            await self._acknowledgement.wait()

    async def open(self) -> None:
        """See controller.connection."""
        self._client = self._model.connect(
            self._client_id,
            on_connected=lambda _: self._life.call_soon(self._connected),
            on_message=lambda message: self._life.call_soon(self._received, message),
            on_lost=lambda reason: self._life.call_soon(self._end, reason),
            will=self._will,
        )
        await self._answer(self._accepted, None)

    async def subscribe(self, topics: Sequence[str]) -> None:
        """See controller.connection."""
        granted: asyncio.Future[None] = self._life.create_future()
        assert self._client is not None
        self._client.subscribe(
            [(topic, 1) for topic in topics],
            lambda: self._life.call_soon(_granted, granted),
            retain_as_published=True,
        )
        await self._answer(granted, ANSWER_WITHIN_S)

    def publish(
        self, topic: str, payload: bytes, *, qos: int, retain: bool = False, acknowledged: Acknowledged | None = None
    ) -> bool:
        """See controller.connection."""
        if not self.up:
            return False
        assert self._client is not None
        if qos:
            self._unacknowledged += 1
        told = partial(self._life.call_soon, self._acknowledged, acknowledged)
        return self._client.publish(topic, payload, qos=qos, retain=retain, acknowledged=told)

    def close(self) -> None:
        """See controller.connection."""
        if self._client is not None and self.up:
            self._client.disconnect()
        self._end("closed")

    def drop(self, *, silent: bool) -> None:
        """Its process is gone: the kernel closes the connection; `silent` if the kernel is gone too."""
        if self._client is not None:
            self._client.drop(silent=silent)

    async def _answer(self, answer: asyncio.Future[None], within_s: float | None) -> None:
        either: set[asyncio.Future[Any]] = {answer, self.lost}
        await asyncio.wait(either, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            reason = self.lost.result() if self.lost.done() else "no answer from the broker"
            answer.cancel()
            self._end(reason)
            sent = self._client is not None and self._client.sent
            raise (LinkError if sent else NotAcceptedError)("lost", reason)

    def _end(self, reason: str) -> None:
        if not self.lost.done():
            self.lost.set_result(reason)
            self._acknowledgement.set()
            self.drop(silent=False)

    def _connected(self) -> None:
        if not self._accepted.done():
            self._accepted.set_result(None)

    def _received(self, message: Message) -> None:
        if self.lost.done() or self._client is None:
            return
        self._on_message(message.topic, message.payload, message.retained)
        self._client.ack(message)

    def _acknowledged(self, told: Acknowledged | None) -> None:
        self._unacknowledged -= 1
        self._acknowledgement.set()
        if told is not None:
            told()


def _granted(answer: asyncio.Future[None]) -> None:
    if not answer.done():
        answer.set_result(None)
