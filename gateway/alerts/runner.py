"""The thread that looks for what there is to tell, and sends it."""

import threading
from collections.abc import Callable, Sequence

import structlog

from gateway.alerts.delivery import Send, deliver
from gateway.alerts.guarded import Source
from gateway.alerts.raising import look
from gateway.alerts.turn import Turn
from gateway.db import Database

log = structlog.get_logger("gateway.alerts")

EVERY_S = 5.0


class AlertRunner:
    """Runs until it is stopped; whatever goes wrong in one round is logged and tried again in the next."""

    def __init__(self, database: Database, sources: Sequence[Source], send: Send, clock: Callable[[], int]) -> None:
        self._database, self._sources, self._send, self._clock = database, sources, send, clock
        self._turn = Turn(database)
        self._round_failing_since: int | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)

    @property
    def failing_since(self) -> int | None:
        """Since when something cannot be looked at, as far as this gateway looks."""
        failing = [source.failing_since for source in self._sources]
        return min((at for at in [self._round_failing_since, *failing] if at is not None), default=None)

    def start(self) -> None:
        """Begins with the first round at once."""
        self._thread.start()

    def stop(self) -> None:
        """Ends after the round under way."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(EVERY_S)
        if not self._thread.is_alive():
            self._turn.pass_on()

    def round(self) -> None:
        """One look, where it is this gateway's turn, and what is due, even if the look failed."""
        try:
            if self._turn.is_ours():
                look(self._database, [source.standing for source in self._sources], now=self._clock())
            self._round_failing_since = None
        except Exception:
            self._round_failing_since = self._round_failing_since or self._clock()
            raise
        finally:
            deliver(self._database, self._send, clock=self._clock)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.round()
            except Exception:  # the next round tries again
                log.exception("alerts_failed")
            self._stopping.wait(EVERY_S)
