"""Raises alerts once each, sends them on their way to every channel that wants them, and says when they are over."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from gateway.alerts.guarded import Look
from gateway.alerts.kinds import PASSING, Kind
from gateway.alerts.models import Alert, AlertChannel, AlertCursor, AlertDelivery
from gateway.alerts.occasions import FAULTS, Occasion, from_feed, lasting_doors, lasting_faults, still_copied
from gateway.db import Database, new_id
from gateway.events.service import last_id

_CURSOR = 1
# The same thing at the same place again so soon, a switch that flutters: those who can act know already.
AGAIN_AFTER_MS = 15 * 60_000
# Events that tell nothing are passed over many at a time.
_FAR_BEHIND = 1000


def look(database: Database, looks: Sequence[Look], *, now: int) -> int:
    """Looks once at everything there may be to tell; the number of new alerts. Waits for no one if nothing changed.

    What keeps the feed from being read is raised once all else is told.
    """
    with database.reading() as session:
        cursor = session.get(AlertCursor, _CURSOR)
        standing = [one for at in looks for one in at(session, now)]
        if cursor is not None and not _anything_new(session, cursor.event_id, standing, now):
            return 0
    with database.writing() as session:
        cursor = session.get(AlertCursor, _CURSOR)
        if cursor is None:  # what happened before there were alerts is nobody's news
            cursor = AlertCursor(id=_CURSOR, event_id=last_id(session))
            session.add(cursor)
        told, cursor.event_id, wrong = _from_feed(session, cursor.event_id, now)
        faults = lasting_faults(session)
        _end(session, {one.subject for one in [*told, *standing]}, faults, now)
        told = [one for one in told if one.kind not in PASSING or _stands(one.kind, one.bank_id, one.locker, faults)]
        again = _come_again(session, now)
        raised = sum(_raise(session, one, now) for one in [*told, *again, *standing])
    if wrong is not None:
        raise wrong
    return raised


def _from_feed(session: Session, after: int, now: int) -> tuple[list[Occasion], int, Exception | None]:
    try:
        with session.begin_nested():
            told, through = from_feed(session, after, now)
    except Exception as error:  # noqa: BLE001 - raised by `look`, once all else is told
        return [], after, error
    return told, through, None


def _anything_new(session: Session, cursor: int, standing: Sequence[Occasion], now: int) -> bool:
    told, at, wrong = _from_feed(session, cursor, now)
    if told or wrong is not None or at - cursor > _FAR_BEHIND or _come_again(session, now):
        return True
    lasting = {one.subject for one in standing}
    open_now = {alert.subject: alert for alert in _not_over(session)}
    faults = lasting_faults(session)
    return not lasting <= set(open_now) or any(
        subject not in lasting and not _lasts(session, alert, faults, now) for subject, alert in open_now.items()
    )


def _come_again(session: Session, now: int) -> Sequence[Occasion]:
    """Doors that are again as was told once, so soon after it was over that the feed's word of it was not told.

    A door that was so before there were alerts is nobody's news here either.
    """
    doors = {one.subject: one for one in lasting_doors(session, now)}
    told = select(Alert.subject).where(Alert.subject.in_(doors)).distinct()
    due = set(session.scalars(told)) - set(session.scalars(told.where(_known_now(now)))) if doors else set()
    return [one for subject, one in doors.items() if subject in due]


def _known_now(now: int) -> ColumnElement[bool]:
    """Alerts that keep the same from being told. What a clock that was ahead has raised does so no longer than it."""
    return Alert.over_at.is_(None) | Alert.raised_at.between(now - AGAIN_AFTER_MS + 1, now)


def _not_over(session: Session) -> Sequence[Alert]:
    return session.scalars(select(Alert).where(Alert.over_at.is_(None))).all()


def _stands(kind: Kind, bank_id: str | None, locker: int | None, faults: set[tuple[str, int, str]]) -> bool:
    """Whether a door still is as was told; what is about a whole block stands by its source alone."""
    return bank_id is not None and locker is not None and (bank_id, locker, FAULTS.get(kind)) in faults


def _lasts(session: Session, alert: Alert, faults: set[tuple[str, int, str]], now: int) -> bool:
    if alert.kind == Kind.COPIED:
        return still_copied(session, alert.bank_id, now)
    return _stands(Kind(alert.kind), alert.bank_id, alert.locker, faults)


def _end(session: Session, lasting: set[str], faults: set[tuple[str, int, str]], now: int) -> None:
    for alert in _not_over(session):
        if alert.subject in lasting or _lasts(session, alert, faults, now):
            continue
        alert.over_at = now
        if alert.kind in PASSING:
            session.execute(
                update(AlertDelivery)
                .where(AlertDelivery.alert_id == alert.id, AlertDelivery.state == "waiting")
                .values(state="not_needed", settled_at=now)
            )
    session.flush()


def _raise(session: Session, one: Occasion, now: int) -> bool:
    known = session.scalar(
        select(Alert.id).where((Alert.key == one.key) | ((Alert.subject == one.subject) & _known_now(now))).limit(1)
    )
    if known is not None:
        return False
    alert = Alert(
        id=new_id(now), key=one.key, subject=one.subject, kind=one.kind, site_id=one.site_id, bank_id=one.bank_id,
        locker=one.locker, since=one.since, raised_at=now,
    )  # fmt: skip
    session.add(alert)
    session.flush()
    for channel in session.scalars(select(AlertChannel).where(AlertChannel.disabled_at.is_(None))):
        _tell(session, alert, channel, now)
    session.flush()
    return True


def tell_what_stands(session: Session, channel: AlertChannel, now: int) -> None:
    """Sends a new address, as if it had been there, what needs someone still."""
    for alert in _not_over(session):
        _tell(session, alert, channel, now)


def _tell(session: Session, alert: Alert, channel: AlertChannel, now: int) -> None:
    if channel.site_id in (None, alert.site_id) and alert.kind in channel.kinds:
        letter = AlertDelivery(id=new_id(now), alert_id=alert.id, channel_id=channel.id, state="waiting", due_at=now)
        session.add(letter)
