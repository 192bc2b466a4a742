"""Letters on their way: claimed, sent outside of any unit of work, settled; tried again with growing pauses."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from gateway.alerts.kinds import TITLES, Kind
from gateway.alerts.models import Alert, AlertChannel, AlertDelivery
from gateway.db import Database
from gateway.lockers.models import Bank, Site
from gateway.web.formats import local, moment
from gateway.web.i18n import N_, translations
from wire.hours import site_zone

log = structlog.get_logger("gateway.alerts")

# Longer than sending may take: if the gateway stops in between, it is tried again after this.
LEASE_MS = 5 * 60_000
# So long before its lease ends a letter is not sent any more: it would be another gateway's before it has arrived.
_MARGIN_MS = 60_000
FIRST_PAUSE_MS = 60_000
LONGEST_PAUSE_MS = 6 * 3_600_000
MOST_ATTEMPTS = 10
# Quiet hours last less than a day, which may have 25. What is due later was put off by a clock that was ahead.
LONGEST_WAIT_MS = 25 * 3_600_000
_AT_A_TIME = 50
_MINUTE_MS = 60_000
_DAY_MINUTES = 24 * 60

Send = Callable[[str, str, str], bool]


@dataclass(frozen=True)
class Letter:
    """What one address is told; `address` is a secret."""

    delivery_id: str
    channel_id: str
    kind: str
    attempt: int
    address: str
    title: str
    body: str


def deliver(database: Database, send: Send, *, clock: Callable[[], int]) -> int:
    """Sends what is due; the number of letters that arrived."""
    with database.reading() as session:
        if session.scalar(_due(clock()).with_only_columns(AlertDelivery.id).limit(1)) is None:
            return 0
    with database.writing() as session:
        letters = claim(session, now=clock())
    arrived, silent = 0, set[str]()
    leased_until = clock() + LEASE_MS
    for letter in letters:
        if clock() > leased_until - _MARGIN_MS:
            break
        # Whoever did not answer just now is not waited for again: others have something to be told too.
        sent = letter.channel_id not in silent and send(letter.address, letter.title, letter.body)
        if not sent:
            silent.add(letter.channel_id)
        with database.writing() as session:
            state = settle(session, letter.delivery_id, sent=sent, now=clock())
        log.info("alert", channel=letter.channel_id, kind=letter.kind, attempt=letter.attempt, state=state)
        arrived += sent
    return arrived


def claim(session: Session, *, now: int) -> list[Letter]:
    """The letters to send now, each leased to the caller; in a channel's quiet hours all but urgent ones wait."""
    letters = []
    for delivery in session.scalars(_due(now).limit(_AT_A_TIME)).all():
        alert = session.get_one(Alert, delivery.alert_id)
        channel = session.get_one(AlertChannel, delivery.channel_id)
        if channel.disabled_at is not None:
            delivery.state, delivery.settled_at = "not_needed", now
            continue
        loud_at = now if alert.kind in channel.urgent else quiet_until(channel, now)
        if loud_at > now:
            delivery.due_at = loud_at
            continue
        delivery.attempts += 1
        delivery.due_at = now + LEASE_MS
        title, body = text_of(session, alert, channel.language, now)
        letters.append(Letter(delivery.id, channel.id, alert.kind, delivery.attempts, channel.address, title, body))
    return letters


def settle(session: Session, delivery_id: str, *, sent: bool, now: int) -> str:
    """Notes what became of a letter: sent, waiting for the next attempt, or given up, once the matter is over too.

    What still stands goes on being tried: a mail server may be away for longer than a night.
    """
    delivery = session.get_one(AlertDelivery, delivery_id)
    over = session.get_one(Alert, delivery.alert_id).over_at is not None
    if sent or (over and delivery.attempts >= MOST_ATTEMPTS):
        delivery.state, delivery.settled_at = "sent" if sent else "given_up", now
    else:
        delivery.due_at = now + min(FIRST_PAUSE_MS * 2 ** (delivery.attempts - 1), LONGEST_PAUSE_MS)
    return delivery.state


def quiet_until(channel: AlertChannel, now: int) -> int:
    """When the channel's quiet hours end, or `now` outside of them; they may go past midnight."""
    begin, end = channel.quiet_from, channel.quiet_until
    if begin is None or end is None or begin == end:
        return now
    here = local(now, site_zone(channel.zone))
    minute = here.hour * 60 + here.minute
    if not (begin <= minute < end if begin < end else minute >= begin or minute < end):
        return now
    day = here.date() + timedelta(days=1 if minute >= end else 0)
    loud = here.replace(year=day.year, month=day.month, day=day.day, hour=0, minute=0, second=0, microsecond=0, fold=0)
    loud = loud + timedelta(minutes=end)  # the wall clock's minutes, whatever happens to the clocks in the night
    return max(int(loud.timestamp() * 1000), now + _MINUTE_MS)


def text_of(session: Session, alert: Alert, language: str, now: int) -> tuple[str, str]:
    """Title and body: what, where, since when. No name, no contract, no badge."""
    say = translations(language).gettext
    site = session.get_one(Site, alert.site_id)
    bank = session.get(Bank, alert.bank_id) if alert.bank_id else None
    where = [site.name]
    if bank is not None:
        where.append(bank.name)
    if alert.locker is not None:
        where.append(say(N_("Locker %(number)s")) % {"number": alert.locker})
    zone: ZoneInfo = site_zone(site.zone)
    when = N_("To be done by %(moment)s. Sign in to Casier to see more.")
    if alert.since <= now:
        when = N_("Since %(moment)s. Sign in to Casier to see more.")
    body = say(when) % {"moment": moment(alert.since, zone, language, now)}
    return f"{say(TITLES[Kind(alert.kind)])}: {', '.join(where)}", body


def _due(now: int) -> Select[AlertDelivery]:
    return (
        select(AlertDelivery)
        .where(
            AlertDelivery.state == "waiting",
            (AlertDelivery.due_at <= now) | (AlertDelivery.due_at > now + LONGEST_WAIT_MS),
        )
        .order_by(AlertDelivery.due_at, AlertDelivery.id)
    )


def recent(
    session: Session, *, organisation_id: str | None = None, limit: int
) -> Sequence[tuple[AlertDelivery, Alert]]:
    """The newest letters first, with what they tell; with an organisation only about its sites."""
    query = select(AlertDelivery, Alert).join(Alert).order_by(AlertDelivery.id.desc()).limit(limit)
    if organisation_id is not None:
        query = query.where(Alert.site_id.in_(select(Site.id).where(Site.organisation_id == organisation_id)))
    return [(delivery, alert) for delivery, alert in session.execute(query)]


def trial(language: str) -> tuple[str, str]:
    """Title and body of a message that says only that it arrived."""
    say = translations(language).gettext
    return say(N_("Casier: a trial")), say(N_("This address will be told what needs someone."))
