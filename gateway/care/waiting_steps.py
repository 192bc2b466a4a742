"""One person's wait as a page: offers with the tries to reach someone, and each decision, all of them a worker's."""

from collections.abc import Callable, Mapping, Sequence

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from gateway.care import offers, waiting, words
from gateway.care.codes import AttemptResult, ContactKind, LeftWhy, OfferOutcome
from gateway.care.repository import dead, today
from gateway.care.waiting import open_offer
from gateway.care.waiting_models import Offer, WaitingEntry
from gateway.care.waiting_shown import history, referral, state_of, waited
from gateway.errors import ConflictError
from gateway.lockers.free import free_lockers
from gateway.lockers.models import Locker, Site
from gateway.people.pages import running_of
from gateway.people.service import person_of
from gateway.schemes.models import Scheme
from gateway.web.forms import Form
from gateway.web.steps import named
from gateway.web.visit import Member, MemberVisit, PostedForm

router = APIRouter()
Change = Callable[[Session, WaitingEntry, str, int], object]
_LIST = "/waiting"


@router.get(f"{_LIST}/{{entry_id}}")
def entry_page(visit: MemberVisit, entry_id: str) -> Response:
    """One person's wait with what can be done next. Raises NotFoundError (`entry`)."""
    with visit.database.reading() as session:
        return _entry(visit, session, entry_id, Form())


@router.post(f"{_LIST}/{{entry_id}}/{{step}}")
def take_step(posted: PostedForm, entry_id: str, step: str) -> Response:
    """One step: the form's own name says which. Raises NotFoundError (`step`, `entry`)."""
    change = named(_STEPS, step)(posted.form)

    def act(session: Session, now: int) -> str:
        entry = waiting.entry_of(session, entry_id)
        if step != "attempt" and progress(entry) != posted.form.get("seen"):
            raise ConflictError("situation", "someone else has changed this meanwhile: look at it again")
        change(session, entry, posted.visit.staff.staff_id, now)
        return f"{_LIST}?done=waiting_closed" if step in _LEAVING else f"{_LIST}/{entry_id}?done=waiting_{step}"

    return posted.act(act, lambda session, form: _entry(posted.visit, session, entry_id, form, 422))


def progress(entry: WaitingEntry) -> str:
    """Changes with everything that is done about the entry: a form that was shown before is out of date."""
    tried = sum(len(offer.attempts) for offer in entry.offers)
    closed = sum(offer.closed_at is not None for offer in entry.offers) + (entry.closed_at is not None)
    return f"{len(entry.offers)}-{tried}-{closed}"


def _offer(form: Form) -> Change:
    locker = form.locker("locker") if form.get("locker") else None
    answer_by = form.day("answer_by") if form.get("answer_by") else None
    return lambda session, entry, actor, now: offers.make_offer(
        session, entry.id, locker=locker, answer_by=answer_by, actor=actor, now=now
    )


def _attempt(form: Form) -> Change:
    kind, result = form.choice("kind", list(ContactKind)), form.choice("result", list(AttemptResult))
    return lambda session, entry, actor, now: offers.record_attempt(
        session, _open(entry).id, kind=ContactKind(kind), result=AttemptResult(result), note=form.get("note"),
        actor=actor, now=now,
    )  # fmt: skip


def _outcome(form: Form) -> Change:
    outcome = form.choice("outcome", list(OfferOutcome))
    return lambda session, entry, actor, now: offers.close_offer(
        session, _open(entry).id, OfferOutcome(outcome), actor=actor, now=now
    )


def _close(form: Form) -> Change:
    why = form.choice("why", [one for one in LeftWhy if one is not LeftWhy.PLACED])
    return lambda session, entry, actor, now: waiting.close_entry(session, entry.id, LeftWhy(why), actor=actor, now=now)


def _placed(form: Form) -> Change:
    contract = form.text("contract")
    return lambda session, entry, actor, now: waiting.close_entry(
        session, entry.id, LeftWhy.PLACED, contract_id=contract, actor=actor, now=now
    )


_STEPS: Mapping[str, Callable[[Form], Change]] = {
    "offer": _offer,
    "attempt": _attempt,
    "outcome": _outcome,
    "close": _close,
    "placed": _placed,
}
_LEAVING = ("close", "placed")


def _open(entry: WaitingEntry) -> Offer:
    """Raises ConflictError (`situation`) where no offer is open any more."""
    offer = open_offer(entry)
    if offer is None:
        raise ConflictError("situation", "no offer is open any more: look at it again")
    return offer


def _entry(visit: Member, session: Session, entry_id: str, form: Form, status: int = 200) -> Response:
    entry = waiting.entry_of(session, entry_id)
    scheme, site = session.get_one(Scheme, entry.scheme_id), session.get(Site, entry.site_id or "")
    since = waiting.waiting_since(session, scheme_id=entry.scheme_id, site_id=entry.site_id)
    offer, day = open_offer(entry), today(session, visit.now)
    locker = session.get(Locker, offer.locker_id or "") if offer else None
    has_died = entry.person_id in dead(session, [entry.person_id])
    contracts = [] if entry.closed_at else running_of(session, entry.person_id, visit.now)
    return visit.page(
        "care/waiting_entry.html",
        area="more",
        status=status,
        form=form,
        url=f"{_LIST}/{entry.id}",
        seen=progress(entry),
        entry=entry,
        person=person_of(session, entry.person_id),
        scheme=scheme.name,
        site=site.name if site else "",
        source=words.SOURCES[entry.source],
        referral=referral(visit, session, entry),
        state=state_of(entry, day, has_died=has_died),
        has_died=has_died,
        waited=waited(visit, entry),
        queue=_queue(since, entry.since, visit.now),
        history=history(visit, session, entry),
        offer=offer,
        locker=f"{locker.bank.name}, {locker.number}" if locker else "",
        is_gone=locker is not None and not contracts and locker not in _free(session, entry, scheme, visit.now),
        is_late=offer is not None and offers.to_decide(offer, day),
        contracts=contracts,
        lockers=[] if offer or entry.closed_at else _lockers(session, entry, scheme, visit.now),
        kinds=visit.choices(words.CONTACT_KINDS),
        results=visit.choices(words.ATTEMPTS),
        outcomes=visit.choices(words.OFFERS),
        reasons=[one for one in visit.choices(words.LEFT_WHY) if one[0] != LeftWhy.PLACED],
    )


def _queue(since: Sequence[int], own: int, now: int) -> tuple[int, list[int]]:
    """One's place among those who wait, and each one's on a line from now (0) to the longest wait (1000)."""
    whole = max(1, now - min([*since, own]))
    return sum(one < own for one in since) + 1, [round(1000 * (now - one) / whole) for one in (own, *since)]


def _lockers(session: Session, entry: WaitingEntry, scheme: Scheme, now: int) -> list[tuple[str, str]]:
    """Lockers that can be given and are offered to nobody else."""
    offered = offers.offered_lockers(session)
    return [
        (f"{one.bank_id}/{one.number}", f"{one.bank.site.name}, {one.bank.name}, {one.number}")
        for one in _free(session, entry, scheme, now)
        if one.id not in offered
    ]


def _free(session: Session, entry: WaitingEntry, scheme: Scheme, now: int) -> Sequence[Locker]:
    return free_lockers(session, now, site_id=entry.site_id, organisation_id=scheme.organisation_id)
