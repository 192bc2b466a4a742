"""What is looked at for alerts and may fail: it keeps back nothing but itself, and ends no alert meanwhile."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Protocol

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.alerts.kinds import Kind
from gateway.alerts.models import Alert
from gateway.alerts.occasions import Occasion

log = structlog.get_logger("gateway.alerts")

# A look that fails in every round fills no log.
LOGGED_EVERY_MS = 30 * 60_000


Look = Callable[[Session, int], Iterable[Occasion]]


class Source(Protocol):
    """What is looked at for alerts in each round."""

    @property
    def failing_since(self) -> int | None:
        """Since when it, or a part of it, cannot be looked at."""

    def standing(self, session: Session, now: int) -> Iterable[Occasion]:
        """Everything there is to tell now."""


class Guarded:
    """Remembers what was found last: while looking fails, that still stands.

    Before anything was found, whatever was told of these `kinds`, at this site if there is one, is taken to stand.
    """

    def __init__(self, look: Look, kinds: Collection[Kind], *, site_id: str | None = None, name: str) -> None:
        self._look, self._kinds, self._site_id, self._name = look, kinds, site_id, name
        self._found: Sequence[Occasion] | None = None
        self._logged_at: int | None = None
        self.failing_since: int | None = None

    def standing(self, session: Session, now: int) -> Sequence[Occasion]:
        """What is found now, or was found last."""
        try:
            with session.begin_nested():  # on PostgreSQL a statement that fails takes all others of its unit with it
                self._found = list(self._look(session, now))
        except Exception as error:  # noqa: BLE001 - whatever it is, all else is told
            self._failed(error, now)
            return self.found(session)
        self.failing_since = self._logged_at = None
        return self._found

    def found(self, session: Session) -> Sequence[Occasion]:
        """What was found last; nothing is looked at."""
        if self._found is not None:
            return self._found
        told = select(Alert).where(Alert.over_at.is_(None), Alert.kind.in_(self._kinds))
        if self._site_id is not None:
            told = told.where(Alert.site_id == self._site_id)
        return [Occasion.told_by(alert) for alert in session.scalars(told)]

    def _failed(self, error: Exception, now: int) -> None:
        if self.failing_since is None:
            self.failing_since = now
        if self._logged_at is None or not 0 <= now - self._logged_at < LOGGED_EVERY_MS:
            self._logged_at = now
            log.error("alert_source_failed", source=self._name, exc_info=error)
