"""The live streams: the wall, one locker, one person, one command, the blocks."""

from collections.abc import AsyncIterator, Callable

from fastapi import APIRouter, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlalchemy.orm import Session

from gateway.access.pages import command_shown
from gateway.badges.enrolment import enrolment_shown
from gateway.fleet.health import blocks_shown
from gateway.lockers.pages import NarrowedWall, locker_shown
from gateway.lockers.tiles import Narrowed, wall_shown
from gateway.people.pages import person_shown
from gateway.web import words
from gateway.web.forms import Form
from gateway.web.live import Fragment, Reading, changes
from gateway.web.visit import Member, MemberVisit, member, visitor

router = APIRouter(prefix="/live", default_response_class=EventSourceResponse)
Read = Callable[[Member, Session], Reading]


def _stream(request: Request, read: Read) -> AsyncIterator[ServerSentEvent]:
    """Reads again as the same member of staff, who may have been signed out meanwhile."""

    def read_now() -> Reading:
        visit = member(visitor(request))
        with visit.database.reading() as session:
            return read(visit, session)

    return changes(request.app.state.wakeups, read_now)


@router.get("/wall")
async def wall(request: Request, _visit: MemberVisit, narrowed: NarrowedWall) -> AsyncIterator[ServerSentEvent]:
    """Tiles, counts, block heads and breaches that changed."""
    async for event in _stream(request, lambda visit, session: _wall(visit, session, narrowed)):
        yield event


@router.get("/locker/{bank}/{number}")
async def locker(request: Request, _visit: MemberVisit, bank: str, number: int) -> AsyncIterator[ServerSentEvent]:
    """The state of one locker and what is pending for it."""

    def read(visit: Member, session: Session) -> Reading:
        shown = locker_shown(visit, session, bank, number)
        html = visit.html("lockers/locker_live.html", locker=shown)
        return Reading({"locker-live": Fragment(html, visit.say(words.locker_state(shown.state).text))})

    async for event in _stream(request, read):
        yield event


@router.get("/person/{person_id}")
async def person(request: Request, _visit: MemberVisit, person_id: str) -> AsyncIterator[ServerSentEvent]:
    """Whether the decisions about a person are in force."""

    def read(visit: Member, session: Session) -> Reading:
        shown = person_shown(visit, session, person_id)
        newest = shown.pending[0] if shown.pending else None
        spoken = ""
        if newest and newest.in_force_at:
            spoken = newest.action if newest.is_ahead else f"{newest.action}: {visit.say('in force on the controller')}"
        return Reading({"pending": Fragment(visit.html("people/person_live.html", person=shown), spoken)})

    async for event in _stream(request, read):
        yield event


@router.get("/command/{command_id}")
async def command(request: Request, _visit: MemberVisit, command_id: str) -> AsyncIterator[ServerSentEvent]:
    """The steps of an opening, until it is over."""

    def read(visit: Member, session: Session) -> Reading:
        shown = command_shown(visit, session, command_id)
        reached = [step.text for step in shown.steps if step.at is not None]
        html = visit.html("access/steps.html", command=shown)
        return Reading({"command": Fragment(html, shown.title or (reached[-1] if reached else ""))}, over=shown.over)

    async for event in _stream(request, read):
        yield event


@router.get("/enrol/{person_id}/{command_id}")
async def enrol(
    request: Request, _visit: MemberVisit, person_id: str, command_id: str
) -> AsyncIterator[ServerSentEvent]:
    """Whether the new badge was presented."""

    def read(visit: Member, session: Session) -> Reading:
        shown = enrolment_shown(visit, session, person_id, command_id)
        html = visit.html("people/enrol_live.html", form=Form(), enrolment=shown)
        return Reading({"enrolment": Fragment(html, shown.text)}, over=shown.state != "waiting")

    async for event in _stream(request, read):
        yield event


@router.get("/blocks")
async def blocks(request: Request, _visit: MemberVisit, block: str = "") -> AsyncIterator[ServerSentEvent]:
    """The health of every block, or of one."""

    def read(visit: Member, session: Session) -> Reading:
        shown = blocks_shown(visit, session, block)
        return Reading(
            {
                one.id: Fragment(visit.html("fleet/health.html", block=one), f"{one.label}: {visit.say(one.word.text)}")
                for one in shown
            }
        )

    async for event in _stream(request, read):
        yield event


def _wall(visit: Member, session: Session, narrowed: Narrowed) -> Reading:
    shown = wall_shown(visit, session, narrowed)
    fragments = {
        "breaches": Fragment(
            visit.html("lockers/breaches.html", wall=shown), " ".join(breach.text for breach in shown.breaches)
        ),
        "counts": Fragment(visit.html("lockers/counts.html", wall=shown)),
    }
    for block in (block for site in shown.sites for block in site.blocks):
        fragments[f"{block.id}-head"] = Fragment(visit.html("lockers/block_head.html", block=block))
        for tile in block.tiles:
            state = visit.say(words.locker_state(tile.state).text)
            spoken = f"{visit.say('Locker')} {tile.number}: {state}"
            fragments[tile.id] = Fragment(visit.html("lockers/tile.html", tile=tile), spoken)
    return Reading(fragments)
