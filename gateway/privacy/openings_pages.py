"""Openings one by one: first why, then, for half an hour, what was asked for. Asking and reading are recorded."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from gateway.days import day_after, local_day, midnight
from gateway.events.service import FeedItem
from gateway.lockers.service import MAX_LOCKER_NUMBER, bank_of, list_banks
from gateway.lockers.sight import sight_of
from gateway.privacy import openings
from gateway.privacy.models import OpeningsRequest
from gateway.staff.rights import Right
from gateway.staff.scope import require_own
from gateway.web.forms import Form
from gateway.web.i18n import N_
from gateway.web.visit import Member, MemberVisit, PostedForm
from gateway.web.words import Word
from wire.entries import EntryType
from wire.hours import site_zone

router = APIRouter()
SHOWN = 200
LAST_DAYS = 7
WORDS: Mapping[str, Word] = {
    EntryType.BADGE_REFUSED: Word(N_("Badge refused"), "block_badge"),
    EntryType.RELEASE_INTENDED: Word(N_("About to be released"), "pending"),
    EntryType.RELEASED: Word(N_("Lock released"), "resume"),
    EntryType.RELEASE_FAILED: Word(N_("Lock did not release"), "forced"),
    EntryType.RELEASE_UNKNOWN: Word(N_("Release with an unknown outcome"), "unknown"),
    EntryType.DOOR_OPENED: Word(N_("Door opened"), "open"),
    EntryType.DOOR_CLOSED: Word(N_("Door closed"), "check"),
    EntryType.ALREADY_OPEN: Word(N_("Was open already"), "open"),
}
# A second try that its bank gave up: the first one had opened the door, after its time.
_NOT_NEEDED = Word(N_("Not released again: the door had opened"), "check")


@router.get("/openings")
def ask_page(visit: MemberVisit) -> Response:
    """Why, of which door, of which days."""
    today = local_day(visit.home, visit.now)
    form = Form({"first_on": str(today - timedelta(days=LAST_DAYS)), "last_on": str(today)})
    with visit.database.reading() as session:
        return _asking(visit, session, form)


@router.post("/openings")
def ask(posted: PostedForm) -> Response:
    """Leave for half an hour, for this account alone."""
    form, visit = posted.form, posted.visit
    bank_id, reason, note = form.text("block"), form.choice("reason", list(openings.REASONS)), form.text("note")
    first, last = form.day("first_on"), form.day("last_on")
    door = form.number("door", MAX_LOCKER_NUMBER) if form.get("door").strip() else None

    def act(session: Session, now: int) -> str:
        named = {"bank": bank_id} | ({"number": str(door)} if door else {})
        right = None if door else Right.SEE_EVENTS
        require_own(session, visit.organisation_id, named, right=right, changing=True, now=now)
        zone = bank_of(session, bank_id).site.zone
        made = openings.ask(
            session, bank_id=bank_id, locker=door, reason=reason, note=note, from_at=midnight(zone, first),
            until_at=midnight(zone, day_after(last)), organisation_id=visit.organisation_id,
            actor=visit.staff.staff_id, now=now,
        )  # fmt: skip
        return f"/openings/{made.id}"

    return posted.act(act, lambda session, again: _asking(visit, session, again, 422))


@router.get("/openings/{request_id}")
def read_page(visit: MemberVisit, request_id: str) -> Response:
    """What was asked for; each look is recorded. Raises NotFoundError, ForbiddenError (`request`)."""
    after = visit.request.query_params.get("after", "0")
    with visit.database.writing() as session:
        found = openings.read(
            session, request_id, after=int(after) if after.isascii() and after.isdecimal() and len(after) < 16 else 0,
            limit=SHOWN, actor=visit.staff.staff_id, now=visit.now,
        )  # fmt: skip
        request = session.get_one(OpeningsRequest, request_id)
        bank = bank_of(session, request.bank_id)
        zone = bank.site.zone
        return visit.page(
            "privacy/openings.html",
            area="more",
            zone=site_zone(zone),
            request=request,
            block=bank.name,
            first=local_day(zone, request.from_at),
            last=local_day(zone, request.until_at - 1),
            reason=openings.REASONS[request.reason],
            days=_by_day(found, zone),
            more_url=f"/openings/{request_id}?after={found[-1].id}" if len(found) == SHOWN else "",
        )


def _by_day(found: Sequence[FeedItem], zone: str) -> list[tuple[date, list[tuple[FeedItem, Word]]]]:
    days: dict[date, list[tuple[FeedItem, Word]]] = {}
    for item in found:
        days.setdefault(local_day(zone, item.at), []).append((item, _word(item)))
    return list(days.items())


def _word(item: FeedItem) -> Word:
    if item.kind == EntryType.RELEASE_FAILED and item.body.get("code") == "opened":
        return _NOT_NEEDED
    return WORDS.get(item.kind, Word(item.kind))


def _asking(visit: Member, session: Session, form: Form, status: int = 200) -> Response:
    mine = visit.organisation_id
    seen = sight_of(session, mine).seen if mine is not None else None
    return visit.page(
        "privacy/ask_openings.html",
        area="more",
        status=status,
        form=form,
        reasons=[(code, visit.say(text), "") for code, text in openings.REASONS.items()],
        blocks=[
            (bank.id, f"{bank.name}, {bank.site.name}")
            for bank in list_banks(session)
            if seen is None or bank.id in seen
        ],
    )
