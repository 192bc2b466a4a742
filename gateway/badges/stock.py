"""Stock badges: enrolled beforehand, given by their short printed number; and how many badges there are."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, bindparam, func, select
from sqlalchemy.orm import Session

from gateway.badges.models import Badge
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.lockers.models import Site
from gateway.prepared import Prepared

MAX_PRINTED = 16
_PRINTED = Prepared(
    select(Badge.id).where(
        Badge.site_id == bindparam("site"), Badge.printed == bindparam("number"), Badge.revoked_at.is_(None)
    )
)


@dataclass(frozen=True)
class Counts:
    """How many badges wait in stock, how many open something, and how many are dead, by why."""

    stock: int
    in_use: int
    dead: dict[str, int]


def printed_number(text: str) -> str:
    """A printed number as it is compared: `m 017` is `M017`. Raises InvalidError with code `printed`."""
    number = "".join(text.split()).upper()
    if not 1 <= len(number) <= MAX_PRINTED or not number.isprintable():
        raise InvalidError("printed", f"the number printed on a badge has 1 to {MAX_PRINTED} characters, such as M-017")
    return number


def free_number(session: Session, site_id: str, text: str) -> str:
    """A printed number that no live badge of the site bears. Raises InvalidError, ConflictError (`printed`)."""
    number = printed_number(text)
    session.flush()  # the question below does not see what is pending
    other = _PRINTED.first(session.connection(), {"site": site_id, "number": number})
    if other is not None:
        raise ConflictError("printed", f"there is a badge {number} at this site already: print another", badge=other[0])
    return number


def by_printed_number(session: Session, site_id: str, text: str) -> Badge:
    """The live badge that bears this number. Raises InvalidError (`printed`), NotFoundError (`badge`)."""
    number = printed_number(text)
    found = session.scalar(
        select(Badge).where(Badge.site_id == site_id, Badge.printed == number, Badge.revoked_at.is_(None))
    )
    if found is None:
        raise NotFoundError("badge", f"no badge {number} is in use or in stock at this site: look at it again")
    return found


def only_site(session: Session) -> str:
    """The id of the site where there is only one. Raises InvalidError with code `site`."""
    ids = session.scalars(select(Site.id).limit(2)).all()
    if len(ids) != 1:
        raise InvalidError("site", "say which site: site_id")
    return ids[0]


def counts(session: Session, sites: Collection[str] | None = None) -> Counts:
    """Of these sites or of all; a badge not returned is dead and counted, and nothing else follows from it."""
    query = select(Badge.revoked_why, Badge.revoked_at.is_(None), _owned(), func.count()).group_by(
        Badge.revoked_why, Badge.revoked_at.is_(None), _owned()
    )
    if sites is not None:
        query = query.where(Badge.site_id.in_(sites))
    alive: Counter[bool] = Counter()
    dead: Counter[str] = Counter()
    for why, lives, owned, number in session.execute(query):
        if lives:
            alive[bool(owned)] += number
        else:
            dead[why or "other"] += number
    return Counts(alive[False], alive[True], dict(sorted(dead.items())))


def _owned() -> ColumnElement[bool]:
    return Badge.person_id.is_not(None) | Badge.staff_id.is_not(None) | Badge.trusted_id.is_not(None)
