"""What an access list is made from, as plain rows: the contracts with a locker of the bank, and the badges at its site.

A large bank has thousands of lines, and every change makes a new list: no objects of the database are made for it,
nothing sealed is opened, and its statements are compiled once.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from msgspec import Struct
from sqlalchemy import BigInteger, ColumnElement, String, and_, bindparam, or_, select
from sqlalchemy.orm import Session

from gateway.access.models import BadgeKey, CarriedRevocation
from gateway.badges.models import Badge
from gateway.contracts.models import Contract, Holding, Notice, Party, Suspension, TrustedPerson
from gateway.errors import NotFoundError
from gateway.lockers.models import Bank, Locker, Site
from gateway.prepared import Prepared, Values
from gateway.schemes.terms import Terms, stored_terms
from gateway.staff.models import Staff
from wire.access_list import Revoked


class ListedSite(Struct):
    """Where a bank stands."""

    id: str
    zone: str


class ListedHolding(Struct):
    """A locker that a contract takes in [from_at, until_at), as `Holding` says."""

    bank_id: str
    number: int
    lock: str
    from_at: int
    until_at: int
    waits_since: int | None


class ListedPause(Struct):
    """A suspension."""

    from_at: int
    until_at: int
    lifted_at: int | None


class ListedParty(Struct):
    """Someone on a contract."""

    person_id: str
    from_at: int
    until_at: int | None


class ListedTrust(Struct):
    """Someone who is trusted with its lockers."""

    id: str
    from_at: int
    until_at: int
    ended_at: int | None


class ListedContract(Struct):
    """A contract; `waiting` are those for whom a message waits, None for all of its people."""

    id: str
    terms: Terms
    from_at: int
    until_at: int
    collect_until: int
    signed_at: int | None
    ended_at: int | None
    frozen_at: int | None
    holdings: list[ListedHolding] = []
    suspensions: list[ListedPause] = []
    parties: list[ListedParty] = []
    trusted: list[ListedTrust] = []
    waiting: list[str | None] = []


class ListedBadge(Struct):
    """A badge, and the role of the member of staff it belongs to."""

    id: str
    key_id: str
    digest: str
    pin: str | None
    person_id: str | None
    trusted_id: str | None
    registered_at: int
    given_at: int | None
    valid_until: int | None
    revoked_at: int | None
    revoked_why: str | None
    role: str = ""


_BANK, _SITE = bindparam("bank", type_=String()), bindparam("site", type_=String())
_SINCE = bindparam("since", type_=BigInteger())
# Its contracts: signed, and the time to collect not over at `since`; where a clock that was behind has dated the end,
# even before the signature, that tells nothing, and the bank has to hear of it all the same.
_THEIRS = and_(
    Contract.signed_at.is_not(None),
    or_(Contract.collect_until > _SINCE, Contract.ended_at < Contract.signed_at),
    Contract.id.in_(select(Holding.contract_id).join(Locker).where(Locker.bank_id == _BANK)),
)
_IDS = select(Contract.id).where(_THEIRS)
_SITE_OF_BANK = Prepared(select(Site.id, Site.zone).join(Bank, Bank.site_id == Site.id).where(Bank.id == _BANK))


class _Contracts:
    """Those that `theirs` chooses, with everything that is theirs."""

    def __init__(self, theirs: ColumnElement[bool]) -> None:
        ids = select(Contract.id).where(theirs)
        self._contracts = Prepared(
            select(
                Contract.id, Contract.terms, Contract.from_at, Contract.until_at, Contract.collect_until,
                Contract.signed_at, Contract.ended_at, Contract.frozen_at,
            ).where(theirs).order_by(Contract.id)
        )  # fmt: skip
        self._holdings = Prepared(
            select(
                Holding.contract_id, Locker.bank_id, Locker.number, Locker.lock, Holding.from_at, Holding.until_at,
                Holding.waits_since,
            ).join(Locker).where(Holding.contract_id.in_(ids)).order_by(Holding.from_at, Holding.id)
        )  # fmt: skip
        self._pauses = Prepared(
            select(Suspension.contract_id, Suspension.from_at, Suspension.until_at, Suspension.lifted_at)
            .where(Suspension.contract_id.in_(ids))
            .order_by(Suspension.from_at, Suspension.id)
        )
        self._parties = Prepared(
            select(Party.contract_id, Party.person_id, Party.from_at, Party.until_at)
            .where(Party.contract_id.in_(ids))
            .order_by(Party.id)
        )
        self._trusted = Prepared(
            select(
                TrustedPerson.contract_id, TrustedPerson.id, TrustedPerson.from_at, TrustedPerson.until_at,
                TrustedPerson.ended_at,
            ).where(TrustedPerson.contract_id.in_(ids)).order_by(TrustedPerson.id)
        )  # fmt: skip
        self._notices = Prepared(
            select(Notice.contract_id, Notice.person_id)
            .where(Notice.contract_id.in_(ids), Notice.given_at.is_(None))
            .order_by(Notice.id)
        )

    def read(self, session: Session, values: Values) -> Sequence[ListedContract]:
        """In a stable order."""
        connection = session.connection()
        found = {
            contract_id: ListedContract(contract_id, stored_terms(terms), *dates)
            for contract_id, terms, *dates in self._contracts.run(connection, values)
        }
        if not found:
            return []
        for contract_id, *facts in self._holdings.run(connection, values):
            found[contract_id].holdings.append(ListedHolding(*facts))
        for contract_id, *facts in self._pauses.run(connection, values):
            found[contract_id].suspensions.append(ListedPause(*facts))
        for contract_id, *facts in self._parties.run(connection, values):
            found[contract_id].parties.append(ListedParty(*facts))
        for contract_id, *facts in self._trusted.run(connection, values):
            found[contract_id].trusted.append(ListedTrust(*facts))
        for contract_id, person_id in self._notices.run(connection, values):
            found[contract_id].waiting.append(person_id)
        return list(found.values())


_OF_BANK = _Contracts(_THEIRS)
_OWNER = bindparam("owner", type_=String())
_OF_OWNER = _Contracts(
    or_(
        Contract.id.in_(select(Party.contract_id).where(Party.person_id == _OWNER)),
        Contract.id.in_(select(TrustedPerson.contract_id).where(TrustedPerson.id == _OWNER)),
    )
)
_COUNTS = or_(Badge.revoked_at.is_(None), Badge.revoked_at > _SINCE)
# The columns of a ListedBadge.
BADGE = (
    Badge.id, Badge.key_id, Badge.digest, Badge.pin, Badge.person_id, Badge.trusted_id, Badge.registered_at,
    Badge.given_at, Badge.valid_until, Badge.revoked_at, Badge.revoked_why,
)  # fmt: skip
_OWNED = Prepared(
    select(*BADGE)
    .where(
        Badge.site_id == _SITE,
        or_(
            Badge.person_id.in_(select(Party.person_id).where(Party.contract_id.in_(_IDS))),
            Badge.trusted_id.in_(select(TrustedPerson.id).where(TrustedPerson.contract_id.in_(_IDS))),
        ),
        _COUNTS,
    )
    .order_by(Badge.id)
)
_KEYS = Prepared(select(BadgeKey.id).where(BadgeKey.site_id == _SITE).order_by(BadgeKey.made_at.desc(), BadgeKey.id))
_LOCKERS = Prepared(
    select(Locker.number)
    .where(Locker.bank_id == _BANK, Locker.retired_at.is_(None), Locker.lock == bindparam("lock"))
    .order_by(Locker.number)
)
_CARRIED = Prepared(
    select(CarriedRevocation.grant_id, CarriedRevocation.digest, CarriedRevocation.why).where(
        CarriedRevocation.bank_id == _BANK, CarriedRevocation.until_at > bindparam("now")
    )
)
_OF_STAFF = Prepared(
    select(*BADGE, Staff.role)
    .join(Staff, Staff.id == Badge.staff_id)
    .where(Badge.site_id == _SITE, or_(Staff.disabled_at.is_(None), Badge.revoked_at.is_not(None)), _COUNTS)
    .order_by(Badge.id)
)


def site_of_bank(session: Session, bank_id: str) -> ListedSite:
    """Raises NotFoundError with code `bank`."""
    found = _SITE_OF_BANK.first(session.connection(), {"bank": bank_id})
    if found is None:
        raise NotFoundError("bank", f"no bank {bank_id[:60]!r}")
    return ListedSite(*found)


def contracts_of_bank(session: Session, bank_id: str, since: int) -> Sequence[ListedContract]:
    """Signed contracts with a locker of the bank whose time to collect was not over at `since`."""
    return _OF_BANK.read(session, {"bank": bank_id, "since": since})


def contracts_of_owner(session: Session, owner: str) -> Sequence[ListedContract]:
    """Every contract that a person is or was on, or on which somebody is or was trusted, by their id."""
    return _OF_OWNER.read(session, {"owner": owner})


def badges_of_contracts(
    session: Session, bank_id: str, site_id: str, since: int
) -> Mapping[str, Sequence[ListedBadge]]:
    """Badges at the site by owner, whoever is or was on those contracts or trusted: live, or revoked after `since`."""
    found: dict[str, list[ListedBadge]] = defaultdict(list)
    for facts in _OWNED.run(session.connection(), {"bank": bank_id, "site": site_id, "since": since}):
        badge = ListedBadge(*facts)
        found[badge.person_id or badge.trusted_id or ""].append(badge)
    return found


def staff_badges(session: Session, site_id: str, since: int) -> Sequence[ListedBadge]:
    """Staff badges at the site; live ones of disabled accounts are left out."""
    rows = _OF_STAFF.run(session.connection(), {"site": site_id, "since": since})
    return [ListedBadge(*facts) for facts in rows]


def locker_numbers(session: Session, bank_id: str) -> Sequence[int]:
    """The bank's lockers in service that open with a badge, by number."""
    return [number for (number,) in _LOCKERS.run(session.connection(), {"bank": bank_id, "lock": "badge"})]


def badge_keys(session: Session, site_id: str) -> Sequence[str]:
    """The ids of the site's badge keys, the newest first."""
    return [key_id for (key_id,) in _KEYS.run(session.connection(), {"site": site_id})]


def carried(session: Session, bank_id: str, now: int) -> Sequence[Revoked]:
    """Revocations learnt from the bank itself that still count."""
    return [Revoked(*facts) for facts in _CARRIED.run(session.connection(), {"bank": bank_id, "now": now})]
