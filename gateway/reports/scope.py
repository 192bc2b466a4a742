"""What a report is about: one site, one organisation or the network, found by name."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.errors import NotFoundError
from gateway.lockers.models import Organisation, Site

NETWORK = "network"
DEFAULT_ZONE = "Europe/Paris"
Named = TypeVar("Named", Site, Organisation)


class Kind(StrEnum):
    """How wide a report looks."""

    SITE = "site"
    ORGANISATION = "organisation"
    NETWORK = "network"


@dataclass(frozen=True)
class Scope:
    """`id` is empty for the network; `organisation_id` is whose it is; `zone` says when its days begin."""

    kind: Kind
    id: str
    name: str
    zone: str
    organisation_id: str | None = None

    @property
    def reference(self) -> str:
        """What `scope_of` finds it by, whatever it is called."""
        return self.kind.value if self.kind is Kind.NETWORK else f"{self.kind.value}:{self.id}"


def scope_of(session: Session, name: str) -> Scope:
    """The site or organisation of that name, whatever its case, or `network`; a site comes first.

    `site:` or `organisation:` before a name or an id says which is meant. Raises NotFoundError with code `scope`.
    """
    if name.lower() == NETWORK:
        return _network(session)
    kind, colon, wanted = name.partition(":")
    if colon and kind in (Kind.SITE, Kind.ORGANISATION):
        found = _site(session, wanted) if kind == Kind.SITE else _organisation(session, wanted)
    else:
        found = _site(session, name) or _organisation(session, name)
    if found is None:
        raise no_scope(name)
    return found


def no_scope(name: str) -> NotFoundError:
    """There is no such site or organisation, or it is not for whoever asks."""
    return NotFoundError("scope", f"no site or organisation is called {name[:60]!r}; 'network' is all of them")


def scopes(session: Session, organisation_id: str | None = None) -> list[Scope]:
    """The network, the organisations and the sites, by name; only one organisation's beside the network, if given."""
    organisations = select(Organisation).order_by(Organisation.name)
    sites = select(Site).order_by(Site.name)
    if organisation_id is not None:
        organisations = organisations.where(Organisation.id == organisation_id)
        sites = sites.where(Site.organisation_id == organisation_id)
    found = session.scalars(sites).all()
    zones: dict[str, list[str]] = defaultdict(list)
    for site in found:
        zones[site.organisation_id].append(site.zone)
    return [
        _network(session),
        *(_of_organisation(one, zones[one.id]) for one in session.scalars(organisations)),
        *(_of_site(one) for one in found),
    ]


def _site(session: Session, name: str) -> Scope | None:
    found = session.get(Site, name) or _named(session, Site, name)
    return None if found is None else _of_site(found)


def _organisation(session: Session, name: str) -> Scope | None:
    found = session.get(Organisation, name) or _named(session, Organisation, name)
    if found is None:
        return None
    return _of_organisation(found, session.scalars(select(Site.zone).where(Site.organisation_id == found.id)).all())


def _named(session: Session, table: type[Named], name: str) -> Named | None:
    """The one of that very name comes first. Databases do not know the case of every letter."""
    alike = [one for one in session.scalars(select(table)) if one.name.casefold() == name.casefold()]
    return min(alike, key=lambda one: (one.name != name, one.name), default=None)


def _of_site(site: Site) -> Scope:
    return Scope(Kind.SITE, site.id, site.name, site.zone, site.organisation_id)


def _of_organisation(organisation: Organisation, zones: Sequence[str]) -> Scope:
    return Scope(Kind.ORGANISATION, organisation.id, organisation.name, _commonest(zones), organisation.id)


def _network(session: Session) -> Scope:
    return Scope(Kind.NETWORK, "", NETWORK, _commonest(session.scalars(select(Site.zone)).all()))


def _commonest(zones: Sequence[str]) -> str:
    counts = Counter(sorted(zones))
    return max(counts, key=lambda zone: counts[zone], default=DEFAULT_ZONE)
