"""Badges: blocking one now, and giving a person another one."""

from collections.abc import Sequence

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from gateway.access.service import register_badge
from gateway.badges import replacing, service
from gateway.badges.models import Badge
from gateway.badges.stock import by_printed_number
from gateway.contracts.models import TrustedPerson
from gateway.contracts.states import State
from gateway.errors import NotFoundError
from gateway.lockers import wall
from gateway.lockers.service import list_sites
from gateway.people.pages import contracts_of
from gateway.people.service import person_of
from gateway.web import words
from gateway.web.asking import Asking
from gateway.web.cards import contract_card, present_locker
from gateway.web.forms import Form
from gateway.web.i18n import N_
from gateway.web.visit import Member, MemberVisit, Posted, PostedForm

router = APIRouter()
STOCK_SHOWN = 200


@router.get("/badges/{badge_id}/revoke")
def revoke_page(visit: MemberVisit, badge_id: str) -> Response:
    """One question: why; "lost" is chosen already, so that blocking takes two taps from here."""
    with visit.database.reading() as session:
        return _ask(visit, session, badge_id, Form({"reason": "lost"}))


@router.post("/badges/{badge_id}/revoke")
def revoke(posted: PostedForm, badge_id: str) -> Response:
    """The badge is dead; the page of the person, or of whoever trusts them, then says whether the controllers know."""
    reason = posted.form.choice("reason", words.REVOKE_REASONS)

    def act(session: Session, now: int) -> str:
        badge = service.revoke(session, badge_id, reason=reason, actor=posted.visit.staff.staff_id, now=now)
        named = session.get(TrustedPerson, badge.trusted_id or "")
        owner = badge.person_id or (named.person_id if named else None)
        return f"/people/{owner}" if owner else "/people"

    return posted.act(act, lambda session, form: _ask(posted.visit, session, badge_id, form, 422))


@router.get("/people/{person_id}/badge")
def give_page(visit: MemberVisit, person_id: str) -> Response:
    """Stock badges, or the number of another; which badge it replaces."""
    with visit.database.reading() as session:
        return show_give_form(visit, session, person_id, Form())


@router.post("/people/{person_id}/badge")
def give(posted: PostedForm, person_id: str) -> Response:
    """The old badge dies first if one is replaced, then the new one is given."""
    form, visit = posted.form, posted.visit
    if not form.get("badge") and not form.get("badge_number").strip():
        form.error("badge", N_("Choose a badge in stock, or type a number."))

    old = dead_first(posted, person_id)

    def act(session: Session, now: int) -> str:
        new = give_badge(session, visit, form, person_id, site_of(session, person_id, now), now)
        if new is not None:
            given(session, visit, form, new, old, now)
        return f"/people/{person_id}?done=badge_given"

    return posted.act(act, lambda session, again: show_give_form(visit, session, person_id, again, 422))


def dead_first(posted: Posted, owner_id: str) -> str:
    """Kills the badge that `replaces` names, in a unit of its own: whatever is refused then, it stays dead; its id.

    Raises NotFoundError with code `badge` unless it is that person's, or that trusted person's.
    """
    visit, replaced = posted.visit, posted.form.get("replaces")
    if not replaced or not posted.form.valid:
        return ""
    with visit.database.writing() as session:
        badge = service.badge_of(session, replaced)
        if owner_id not in (badge.person_id, badge.trusted_id):
            raise NotFoundError("badge", "no such badge")
        now, actor = visit.request.app.state.now(), visit.staff.staff_id
        service.revoke(session, replaced, reason="replaced", actor=actor, now=now)
    return replaced


def given(session: Session, visit: Member, form: Form, new: str, old: str, now: int) -> None:
    """Notes which badge the new one came after, and how the person was recognised if that was said."""
    if old:
        replacing.succeed(service.badge_of(session, old), service.badge_of(session, new))
    how = form.get("recognised")
    if how:
        note = form.get("recognised_note")
        replacing.recognise(session, new, how=how, note=note, actor=visit.staff.staff_id, now=now)


def give_badge(session: Session, visit: Member, form: Form, person_id: str, site_id: str, now: int) -> str | None:
    """Gives the badge that the fields `badge` or `badge_number` name, if any; its id. Raises as the services do."""
    actor, number = visit.staff.staff_id, form.get("badge_number").strip()
    if form.get("badge"):
        return service.give(session, form.get("badge"), person_id=person_id, site_id=site_id, actor=actor, now=now).id
    if not number:
        return None
    if ":" not in number:
        stocked = by_printed_number(session, site_id, number)
        return service.give(session, stocked.id, person_id=person_id, site_id=site_id, actor=actor, now=now).id
    keys = visit.request.app.state.keystore
    label = visit.say("Badge of %(day)s", day=visit.day(now))
    return register_badge(
        session, keys, site_id=site_id, number=number, label=label, person_id=person_id, actor=actor, now=now
    ).id


def stock(session: Session, site_id: str) -> Sequence[Badge]:
    """A site's live badges without an owner, in the order of their printed numbers."""
    found = service.list_badges(session, stock=True, site_id=site_id, limit=STOCK_SHOWN).items
    return sorted(found, key=lambda badge: badge.label)


def live_badges(session: Session, person_id: str) -> Sequence[Badge]:
    """The person's badges that count."""
    return [badge for badge in service.list_badges(session, person_id=person_id).items if badge.revoked_at is None]


def site_of(session: Session, person_id: str, now: int) -> str:
    """Where the person has a contract, else the first site there is. Raises NotFoundError (`person`, `site`)."""
    person_of(session, person_id)
    contracts = [one for one in contracts_of(session, [person_id]) if contract_card(one, now).state != State.ENDED]
    if contracts:
        return present_locker(contracts[0], now).bank.site_id
    sites = list_sites(session)
    if not sites:
        raise NotFoundError("site", "there is no place with lockers yet")
    return sites[0].id


def _ask(visit: Member, session: Session, badge_id: str, form: Form, status: int = 200) -> Response:
    badge = service.badge_of(session, badge_id)
    name, back_url, back_text = _owner(visit, session, badge)
    ask = Asking(
        title=N_("Block the badge"),
        subject=f"{badge.label} · {name}" if name else badge.label,
        text=N_("It stops opening as soon as the block has the new list, and for good. The locker stays the person's."),
        button=N_("Block the badge now"),
        icon="block_badge",
        style="button--alarm",
        url=f"/badges/{badge.id}/revoke",
        back_url=back_url,
        back_text=back_text,
        reasons=[(code, visit.say(text)) for code, text in words.REVOKE_REASONS.items()],
    )
    return visit.page("contracts/confirm.html", area="people", form=form, ask=ask, status=status)


def _owner(visit: Member, session: Session, badge: Badge) -> tuple[str, str, str]:
    """Whose it is (empty: nobody's), and where the page leads back: its address and its name."""
    named = session.get(TrustedPerson, badge.trusted_id or "")
    if named is not None:
        return named.name, f"/contracts/{named.contract_id}/people", visit.say("Who may open")
    if badge.person_id is None:
        return "", "/people", visit.say("People")
    person = person_of(session, badge.person_id)
    return person.name, f"/people/{person.id}", person.name


def show_give_form(visit: Member, session: Session, person_id: str, form: Form, status: int = 200) -> Response:
    person = person_of(session, person_id)
    site_id = site_of(session, person_id, visit.now)
    alive = live_badges(session, person_id)
    lost = [(badge.id, visit.say("Yes, %(badge)s was lost or is broken", badge=badge.label), "") for badge in alive]
    if lost:
        lost.append(("", visit.say("No, it is one more badge"), ""))
    blocks = [bank for bank in wall.banks(session, visit.heard) if bank.site_id == site_id and bank.online]
    return visit.page(
        "people/badge.html", area="people", form=form, person=person, lost=lost, status=status,
        blocks=[(bank.id, bank.name) for bank in blocks],
        badges=[(badge.id, badge.label) for badge in stock(session, site_id)],
        recognised=[(code, visit.say(text)) for code, text in words.RECOGNISED.items()],
    )  # fmt: skip
