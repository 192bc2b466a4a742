"""People about whom someone should decide: told to those at their site, without saying whom."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.alerts.kinds import Kind
from gateway.alerts.occasions import Occasion
from gateway.care.reviews import reviews_due
from gateway.lockers.models import Site

# A review is a matter of days; looking at everyone's contacts is not for every round.
EVERY_MS = 30 * 60_000
_DAY_MS = 86_400_000


class Reviews:
    """Remembers what it found until it is time to look again."""

    def __init__(self) -> None:
        self._found: Sequence[Occasion] = ()
        self._looked_at: int | None = None

    def standing(self, session: Session, now: int) -> Sequence[Occasion]:
        """One occasion for each person whose review is due; it is over when someone has decided."""
        if self._looked_at is None or now - self._looked_at >= EVERY_MS:
            sites = session.scalars(select(Site.id)).all()
            self._found = [one for site_id in sites for one in _of_site(session, site_id, now)]
            self._looked_at = now
        return self._found


def _of_site(session: Session, site_id: str, now: int) -> list[Occasion]:
    return [
        Occasion(
            f"{Kind.REVIEW_DUE}:{site_id}:{one.person.id}:{now // _DAY_MS}", Kind.REVIEW_DUE, site_id, None, None, now,
            about=one.person.id,
        )
        for one in reviews_due(session, site_id, now=now)
    ]  # fmt: skip
