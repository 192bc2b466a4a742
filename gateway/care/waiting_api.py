"""Partners, referrals, waiting list, offers and eligibility over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from gateway.care import eligibility, offers, partners, waiting
from gateway.care import waiting_schemas as schemas
from gateway.care.eligibility import Found
from gateway.care.waiting import Wait
from gateway.edge import PAGE, After, Caller, Db, Limit, Now, PageOut
from gateway.errors import InvalidError
from gateway.people.service import person_of
from gateway.problems import responses
from gateway.staff.scope import require_organisation

router = APIRouter(tags=["waiting list"])
PersonId = Annotated[str, Path(max_length=36)]
EntryId = Annotated[str, Path(max_length=36)]
_CHANGES = responses(404, 409)


@router.get("/partners", summary="Partners, in the order of their adding")
def list_partners(
    database: Db, caller: Caller, after: After = None, limit: Limit = PAGE
) -> PageOut[schemas.PartnerOut]:
    """Those of the caller's organisation; of all for an account without one."""
    with database.reading() as session:
        page = partners.list_partners(session, organisation_id=caller.organisation_id, after=after, limit=limit)
        return PageOut(items=[schemas.PartnerOut.model_validate(one) for one in page.items], next=page.next)


@router.post("/partners", status_code=201, summary="A new partner", responses=_CHANGES)
def add_partner(database: Db, caller: Caller, now: Now, partner: schemas.PartnerIn) -> schemas.PartnerOut:
    """A body that sends people or takes them on."""
    require_organisation(caller.organisation_id, partner.organisation_id)
    with database.writing() as session:
        made = partners.add_partner(
            session, organisation_id=partner.organisation_id, name=partner.name, kind=partner.kind,
            contact_name=partner.contact_name, reach=partner.reach, actor=caller.staff_id, now=now,
        )  # fmt: skip
        return schemas.PartnerOut.model_validate(made)


@router.post("/partners/{partner_id}/close", summary="No more referrals to this partner", responses=responses(404))
def close_partner(database: Db, caller: Caller, now: Now, partner_id: EntryId) -> schemas.PartnerOut:
    """Referrals that are there stay."""
    with database.writing() as session:
        closed = partners.close_partner(session, partner_id, actor=caller.staff_id, now=now)
        return schemas.PartnerOut.model_validate(closed)


@router.get("/people/{person_id}/referrals", summary="Referrals", responses=responses(404))
def list_referrals(
    database: Db, _caller: Caller, person_id: PersonId, after: After = None, limit: Limit = PAGE
) -> PageOut[schemas.ReferralOut]:
    """From partners and to them."""
    with database.reading() as session:
        person_of(session, person_id)
        page = partners.list_referrals(session, person_id, after=after, limit=limit)
        return PageOut(items=[schemas.ReferralOut.model_validate(one) for one in page.items], next=page.next)


@router.post("/people/{person_id}/referrals", status_code=201, summary="A referral", responses=_CHANGES)
def refer(
    database: Db, caller: Caller, now: Now, person_id: PersonId, referral: schemas.ReferralIn
) -> schemas.ReferralOut:
    """Pending until someone says what became of it."""
    with database.writing() as session:
        made = partners.refer(
            session, person_id, referral.partner_id, referral.direction, topic=referral.topic,
            contact_name=referral.contact_name, note=referral.note, at=referral.at, actor=caller.staff_id, now=now,
        )  # fmt: skip
        return schemas.ReferralOut.model_validate(made)


@router.post("/referrals/{referral_id}/close", summary="What became of a referral", responses=_CHANGES)
def close_referral(
    database: Db, caller: Caller, now: Now, referral_id: EntryId, close: schemas.ReferralCloseIn
) -> schemas.ReferralOut:
    """Taken on, refused, no answer, or not known."""
    with database.writing() as session:
        closed = partners.close_referral(
            session, referral_id, close.result, at=close.at, actor=caller.staff_id, now=now
        )
        return schemas.ReferralOut.model_validate(closed)


@router.get("/waiting", summary="Who waits, the longest first")
def list_waiting(
    database: Db,
    caller: Caller,
    scheme: Annotated[str | None, Query(max_length=36)] = None,
    site: Annotated[str | None, Query(max_length=36, description="those for whom any site will do, too")] = None,
    after: After = None,
    limit: Limit = PAGE,
) -> PageOut[schemas.WaitOut]:
    """With what was offered and how people were tried to be reached."""
    with database.reading() as session:
        page = waiting.list_waiting(
            session, scheme_id=scheme, site_id=site, organisation_id=caller.organisation_id, after=after, limit=limit
        )
        return PageOut(items=[schemas.WaitOut.model_validate(one) for one in page.items], next=page.next)


@router.post("/people/{person_id}/waiting", status_code=201, summary="Onto a waiting list", responses=_CHANGES)
def add_to_list(database: Db, caller: Caller, now: Now, person_id: PersonId, wait: schemas.WaitIn) -> schemas.WaitOut:
    """Once per scheme, with where they came from."""
    with database.writing() as session:
        made = waiting.add_to_list(
            session,
            person_id,
            Wait(wait.scheme_id, wait.source, wait.site_id, wait.referral_id, wait.reach, wait.note),
            since=wait.since,
            actor=caller.staff_id,
            now=now,
        )
        return schemas.WaitOut.model_validate(made)


@router.post("/waiting/{entry_id}/close", summary="They wait no more", responses=_CHANGES)
def close_entry(
    database: Db, caller: Caller, now: Now, entry_id: EntryId, close: schemas.WaitCloseIn
) -> schemas.WaitOut:
    """Placed, or why not."""
    with database.writing() as session:
        closed = waiting.close_entry(
            session, entry_id, close.why, contract_id=close.contract_id, actor=caller.staff_id, now=now
        )
        return schemas.WaitOut.model_validate(closed)


@router.post("/waiting/{entry_id}/offers", status_code=201, summary="Offer a place", responses=_CHANGES)
def make_offer(database: Db, caller: Caller, now: Now, entry_id: EntryId, offer: schemas.OfferIn) -> schemas.OfferOut:
    """One at a time; a certain locker is then offered to nobody else."""
    if (offer.bank is None) != (offer.number is None):
        raise InvalidError("locker", "a locker is a bank and a number: give both, or neither")
    locker = (offer.bank, offer.number) if offer.bank is not None and offer.number is not None else None
    with database.writing() as session:
        made = offers.make_offer(
            session, entry_id, locker=locker, answer_by=offer.answer_by, actor=caller.staff_id, now=now
        )
        return schemas.OfferOut.model_validate(made)


@router.post("/offers/{offer_id}/attempts", status_code=201, summary="A try to reach someone", responses=_CHANGES)
def record_attempt(
    database: Db, caller: Caller, now: Now, offer_id: EntryId, attempt: schemas.AttemptIn
) -> schemas.AttemptOut:
    """Whether or not it reached them."""
    with database.writing() as session:
        made = offers.record_attempt(
            session, offer_id, kind=attempt.kind, result=attempt.result, note=attempt.note, at=attempt.at,
            actor=caller.staff_id, now=now,
        )  # fmt: skip
        return schemas.AttemptOut.model_validate(made)


@router.post("/offers/{offer_id}/close", summary="What became of an offer", responses=_CHANGES)
def close_offer(
    database: Db, caller: Caller, now: Now, offer_id: EntryId, close: schemas.OfferCloseIn
) -> schemas.OfferOut:
    """The person stays on the list until someone closes their entry."""
    with database.writing() as session:
        closed = offers.close_offer(session, offer_id, close.outcome, actor=caller.staff_id, now=now)
        return schemas.OfferOut.model_validate(closed)


@router.get("/people/{person_id}/eligibility", summary="Decisions on eligibility", responses=responses(404))
def list_decisions(
    database: Db, _caller: Caller, person_id: PersonId, after: After = None, limit: Limit = PAGE
) -> PageOut[schemas.EligibilityOut]:
    """The newest of a scheme holds."""
    with database.reading() as session:
        person_of(session, person_id)
        page = eligibility.list_decisions(session, person_id, after=after, limit=limit)
        return PageOut(items=[schemas.EligibilityOut.model_validate(one) for one in page.items], next=page.next)


@router.post("/people/{person_id}/eligibility", status_code=201, summary="Decide eligibility", responses=_CHANGES)
def decide(
    database: Db, caller: Caller, now: Now, person_id: PersonId, decision: schemas.EligibilityIn
) -> schemas.EligibilityOut:
    """Each condition as found; one that is not met needs an exception."""
    found = {one.condition: Found(one.finding, one.exception) for one in decision.findings}
    with database.writing() as session:
        made = eligibility.decide(
            session, person_id, decision.scheme_id, found, eligible=decision.eligible, note=decision.note,
            actor=caller.staff_id, now=now,
        )  # fmt: skip
        return schemas.EligibilityOut.model_validate(made)
