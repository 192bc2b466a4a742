"""What pages show of the waiting list, as plain values: how long people wait, and what was done for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.care import partners, words
from gateway.care.offers import to_decide
from gateway.care.repository import dead, today
from gateway.care.waiting import open_offer
from gateway.care.waiting_models import Offer, WaitingEntry
from gateway.lockers.models import Locker, Site
from gateway.people.models import Person
from gateway.people.service import person_of
from gateway.schemes.models import Scheme
from gateway.staff.service import names_of
from gateway.web.formats import days_long
from gateway.web.i18n import N_
from gateway.web.visit import Visit
from gateway.web.words import Word

DAY_MS = 86_400_000
# Up to so many days, in words: what the bars of the picture are.
_SPANS: Sequence[tuple[int, str]] = (
    (30, N_("Less than a month")),
    (91, N_("One to three months")),
    (182, N_("Three to six months")),
    (365, N_("Six months to a year")),
    (100_000, N_("More than a year")),
)


@dataclass(frozen=True)
class Bar:
    """One bar: its text (an English message), its number, and its length in per cent of the longest."""

    text: str
    count: int
    share: int


@dataclass(frozen=True)
class WaitRow:
    """One line of the list; `share`: how long they wait, in per cent of who waits longest."""

    url: str
    name: str
    waited: str
    since: int
    source: str
    scheme: str
    site: str
    state: Word
    share: int


@dataclass(frozen=True)
class Done:
    """One thing that was done: when, what (translated), and details of it."""

    at: int
    icon: str
    text: str
    detail: str
    note: str = ""


def how_long(since: Sequence[int], now: int) -> list[Bar]:
    """How many wait how long."""
    days = [(now - one) // DAY_MS for one in since]
    counts, before = [], -100_000
    for most, _text in _SPANS:
        counts.append(sum(before <= one < most for one in days))
        before = most
    longest = max(counts) or 1
    return [Bar(text, count, round(100 * count / longest)) for (_most, text), count in zip(_SPANS, counts, strict=True)]


def state_of(entry: WaitingEntry, day: date, *, has_died: bool) -> Word:
    """What stands on that day, in words."""
    offer = open_offer(entry)
    if entry.closed_at is not None:
        return words.WAITING["closed"]
    if has_died:
        return words.WAITING["died"]
    if offer is None:
        return words.WAITING["nothing"]
    return words.WAITING["to_decide" if to_decide(offer, day) else "offered"]


def rows(visit: Visit, session: Session, entries: Sequence[WaitingEntry], longest: int) -> list[WaitRow]:
    """Lines of the list; `longest`: since when the first one of all waits."""
    ids = [entry.person_id for entry in entries]
    people = {one.id: one.name for one in session.scalars(select(Person).where(Person.id.in_(ids)))}
    died = dead(session, ids)
    schemes, sites = _names(session, Scheme), _names(session, Site)
    day, whole = today(session, visit.now), max(1, visit.now - longest)
    return [
        WaitRow(
            url=f"/waiting/{entry.id}",
            name=people[entry.person_id],
            waited=waited(visit, entry),
            since=entry.since,
            source=words.SOURCES[entry.source],
            scheme=schemes[entry.scheme_id],
            site=sites.get(entry.site_id or "", ""),
            state=state_of(entry, day, has_died=entry.person_id in died),
            share=max(2, round(100 * (visit.now - entry.since) / whole)),
        )
        for entry in entries
    ]


def waited(visit: Visit, entry: WaitingEntry) -> str:
    """How long they have waited, or had waited when they left the list."""
    return days_long((entry.closed_at or visit.now) - entry.since, visit.language)


def history(visit: Visit, session: Session, entry: WaitingEntry) -> list[Done]:
    """Everything that was done, in the order in which it happened."""
    actors = {entry.added_by, entry.closed_by, *(offer.made_by for offer in entry.offers)}
    actors |= {one.recorded_by for offer in entry.offers for one in offer.attempts}
    actors |= {offer.closed_by for offer in entry.offers}
    names = names_of(session, [one for one in actors if one])
    done = [Done(entry.since, "clock", visit.say("Came onto the list"), _by(visit, names, entry.added_by))]
    for offer in entry.offers:
        done += _of_offer(visit, session, offer, names)
    if entry.closed_at is not None:
        why = visit.say(words.LEFT_WHY.get(entry.left_why or "", "–"))
        done.append(Done(entry.closed_at, "check", why, _by(visit, names, entry.closed_by)))
    return sorted(done, key=lambda one: one.at)


def _of_offer(visit: Visit, session: Session, offer: Offer, names: Mapping[str, str]) -> list[Done]:
    done = [Done(offer.made_at, "handover", _offered(visit, session, offer), _by(visit, names, offer.made_by))]
    for one in offer.attempts:
        text = f"{visit.say(words.CONTACT_KINDS[one.kind])} · {visit.say(words.ATTEMPTS[one.result])}"
        done.append(Done(one.at, "message", text, _by(visit, names, one.recorded_by), one.note or ""))
    if offer.closed_at is not None:
        outcome = visit.say(words.OFFERS.get(offer.outcome or "", "–"))
        done.append(
            Done(
                offer.closed_at, "end", visit.say("Offer: %(outcome)s", outcome=outcome),
                _by(visit, names, offer.closed_by),
            )
        )  # fmt: skip
    return done


def _offered(visit: Visit, session: Session, offer: Offer) -> str:
    if offer.locker_id is None:
        return visit.say("A place was offered")
    locker = session.get_one(Locker, offer.locker_id)
    return visit.say("Locker %(number)s of %(block)s was offered", number=locker.number, block=locker.bank.name)


def _by(visit: Visit, names: Mapping[str, str], actor: str | None) -> str:
    name = names.get(actor or "")
    return visit.say("by %(name)s", name=name) if name else ""


def _names(session: Session, table: type[Scheme] | type[Site]) -> dict[str, str]:
    return {row.id: row.name for row in session.execute(select(table.id, table.name))}


def referrals(visit: Visit, session: Session, person: Person | None) -> list[tuple[str, str]]:
    """Who sent them to us or on, to choose from: the partner and the day."""
    found = partners.list_referrals(session, person.id).items if person else []
    return [(one.id, f"{one.partner.name}, {visit.day(one.at)}") for one in found]


def referral(visit: Visit, session: Session, entry: WaitingEntry) -> str:
    """The referral that brought them onto the list; empty without one."""
    mine = [text for code, text in referrals(visit, session, person_of(session, entry.person_id))
            if code == entry.referral_id]  # fmt: skip
    return mine[0] if mine else ""
