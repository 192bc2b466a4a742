"""Channels: who is told of what, and when they want to be left in peace."""

from collections.abc import Sequence

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from gateway.alerts import raising, sending
from gateway.alerts.kinds import URGENT, Kind
from gateway.alerts.models import AlertChannel
from gateway.audit import service as audit
from gateway.db import new_id
from gateway.errors import ForbiddenError, InvalidError, NotFoundError
from gateway.lockers.models import Site
from gateway.people.service import LANGUAGES, checked_name
from wire.errors import WireError
from wire.hours import site_zone

_DAY_MINUTES = 24 * 60
MAX_LABEL = 100


def add_channel(
    session: Session, *, label: str, address: str, site_id: str | None = None, kinds: Sequence[str] = tuple(Kind),
    urgent: Sequence[str] = URGENT, quiet: tuple[int, int] | None = None, language: str = "fr",
    zone: str = "Europe/Paris", actor: str, now: int,
) -> AlertChannel:  # fmt: skip
    """A new address to tell, also of what stands already; `quiet` are minutes of the day, from and until, in `zone`
    (the site's, if there is one).

    Raises InvalidError (`address`, `label`, `kind`, `quiet`, `language`, `zone`), NotFoundError (`site`).
    """
    site = session.get(Site, site_id) if site_id is not None else None
    if site_id is not None and site is None:
        raise NotFoundError("site", "no such site")
    if not sending.usable(address):
        raise InvalidError("address", "apprise does not know such an address: see its list, mailto://... for e-mail")
    if language not in LANGUAGES:
        raise InvalidError("language", f"unknown language {language[:20]!r}; known: {', '.join(LANGUAGES)}")
    channel = AlertChannel(
        id=new_id(now),
        site_id=site_id,
        label=checked_name(label)[:MAX_LABEL],
        address=address,
        language=language,
        zone=_checked_zone(site.zone if site is not None else zone),
        kinds=_checked_kinds(kinds),
        urgent=_checked_kinds(urgent),
        created_at=now,
    )
    if quiet is not None:
        channel.quiet_from, channel.quiet_until = _checked_quiet(*quiet)
    session.add(channel)
    session.flush()
    raising.tell_what_stands(session, channel, now)
    audit.record(session, actor=actor, action="alert_channel_added", subject=channel.id, now=now, kinds=channel.kinds)
    return channel


def disable_channel(session: Session, channel_id: str, *, actor: str, now: int) -> AlertChannel:
    """Nobody is told there any more. Raises NotFoundError with code `channel`."""
    channel = channel_of(session, channel_id)
    channel.disabled_at = channel.disabled_at or now
    audit.record(session, actor=actor, action="alert_channel_disabled", subject=channel.id, now=now)
    return channel


def channel_of(session: Session, channel_id: str) -> AlertChannel:
    """Raises NotFoundError with code `channel`."""
    channel = session.get(AlertChannel, channel_id)
    if channel is None:
        raise NotFoundError("channel", "no such alert channel")
    return channel


def list_channels(session: Session, organisation_id: str | None = None) -> Sequence[AlertChannel]:
    """Every channel in use, oldest first; with an organisation only those of its sites."""
    query = select(AlertChannel).where(AlertChannel.disabled_at.is_(None)).order_by(AlertChannel.id)
    if organisation_id is not None:
        query = query.where(AlertChannel.site_id.in_(sites_of(organisation_id)))
    return session.scalars(query).all()


def sites_of(organisation_id: str) -> Select[str]:
    """The ids of an organisation's sites."""
    return select(Site.id).where(Site.organisation_id == organisation_id)


def require_site(session: Session, organisation_id: str | None, site_id: str | None) -> None:
    """An account of an organisation has to do with alerts of its own sites only.

    Raises ForbiddenError with code `organisation`.
    """
    if organisation_id is None:
        return
    if site_id is None or site_id not in set(session.scalars(sites_of(organisation_id))):
        raise ForbiddenError("organisation", "name one of your organisation's own sites")


def _checked_kinds(kinds: Sequence[str]) -> list[str]:
    unknown = sorted(set(kinds) - set(Kind))
    if unknown:
        raise InvalidError("kind", f"unknown kind {unknown[0][:40]!r}; known: {', '.join(Kind)}")
    return [str(kind) for kind in Kind if kind in kinds]


def _checked_quiet(begin: int, end: int) -> tuple[int, int]:
    if not (0 <= begin < _DAY_MINUTES and 0 <= end < _DAY_MINUTES) or begin == end:
        raise InvalidError("quiet", "quiet hours are two different times of the day, like 22:00-07:00")
    return begin, end


def _checked_zone(zone: str) -> str:
    try:
        site_zone(zone)
    except WireError as error:
        raise InvalidError("zone", f"unknown time zone {zone[:40]!r}, like Europe/Paris") from error
    return zone
