"""The desk of a tool library: what is out, due and back, whom to remind, and lending in one form."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.loans import catalogue, members, repository, service, words
from gateway.loans.attention import Attention, attention
from gateway.loans.codes import Condition, OverLimit
from gateway.loans.models import Consumable, Loan, ToolLocker
from gateway.loans.states import LoanState, state_at
from gateway.lockers.models import Locker
from gateway.people.models import Person
from gateway.schemes.codes import Service
from gateway.schemes.models import Scheme
from gateway.web.formats import alphabetical
from gateway.web.forms import Form
from gateway.web.visit import Member, MemberVisit, PostedForm

router = APIRouter()
SHOWN = 300
TOOLS_SHOWN = 60
_NOT_LENT = frozenset({Condition.DAMAGED, Condition.MISSING})
# What needs someone first.
_ORDER = tuple(LoanState(code) for code in ("to_check", "overdue", "due_soon", "not_taken", "planned", "out"))


@dataclass(frozen=True)
class LoanRow:
    """One line of the desk."""

    url: str
    tools: str
    holder: str
    due_at: int
    state: LoanState


@router.get("/tools")
def choose(visit: MemberVisit) -> Response:
    """One's only tool library, or the choice among them."""
    with visit.database.reading() as session:
        query = select(Scheme).where(Scheme.service == Service.TOOLS, Scheme.closed_at.is_(None)).order_by(Scheme.name)
        if visit.organisation_id is not None:
            query = query.where(Scheme.organisation_id == visit.organisation_id)
        found = [(f"/tools/{scheme.id}", scheme.name) for scheme in session.scalars(query)]
    if len(found) == 1:
        return RedirectResponse(found[0][0], 303)
    return visit.page("loans/choose.html", area="tools", libraries=found)


@router.get("/tools/{library_id}")
def desk_page(visit: MemberVisit, library_id: str) -> Response:
    """What needs someone first, then the form that lends. Raises NotFoundError (`scheme`), InvalidError (`service`)."""
    with visit.database.reading() as session:
        return desk(visit, session, library_id, Form())


@router.post("/tools/{library_id}/lend")
def lend(posted: PostedForm, library_id: str) -> Response:
    """Lends: through a locker it waits for the badge, at the desk it is handed over at once."""
    form = posted.form
    holder = form.text("member")
    due_on = form.day("due_on") if form.get("due_on").strip() else None
    place = form.locker("place") if form.get("place") else None
    why = form.choice("over_limit", words.OVER_LIMIT) if form.get("over_limit") else None
    tools = [name.removeprefix("tool-") for name in form.values if name.startswith("tool-")]
    if not tools and not form.get("kit"):
        form.error("kit", words.NOTHING_CHOSEN)

    def act(session: Session, now: int) -> str:
        actor = posted.visit.staff.staff_id
        members.member_here(session, holder, library_id)
        loan = service.plan(
            session, membership_id=holder, tool_ids=tools, kit_id=form.get("kit") or None, due_on=due_on, place=place,
            over_limit=OverLimit(why) if why else None, actor=actor, now=now,
        )  # fmt: skip
        if place is None:
            service.hand_over(session, loan.id, actor=actor, now=now)
        return f"/tools/{library_id}?done=lent"

    return posted.act(act, lambda session, again: desk(posted.visit, session, library_id, again, 422))


def desk(visit: Member, session: Session, library_id: str, form: Form, status: int = 200) -> Response:
    """The page of one library. Raises NotFoundError (`scheme`), InvalidError (`service`)."""
    scheme = members.tool_scheme(session, library_id)
    loans = repository.open_loans(session, scheme_id=scheme.id)
    rows = sorted((_row(loan, visit.now) for loan in loans), key=lambda row: (_ORDER.index(row.state), row.due_at))
    people = members.list_members(session, scheme_id=scheme.id, open_at=visit.now, limit=SHOWN).items
    out = {item.tool_id for loan in loans for item in loan.items if item.taken_at and not item.returned_at}
    tools = catalogue.list_tools(session, scheme_id=scheme.id, limit=SHOWN).items
    lendable = [tool for tool in tools if tool.id not in out and tool.condition not in _NOT_LENT][:TOOLS_SHOWN]
    return visit.page(
        "loans/desk.html",
        area="tools",
        status=status,
        form=form,
        name=scheme.name,
        url=f"/tools/{scheme.id}",
        rows=rows[:SHOWN],
        alerts=[_alert(visit, session, one) for one in attention(session, scheme_id=scheme.id, now=visit.now)],
        people=sorted(((one.id, one.person.name) for one in people), key=lambda one: alphabetical(one[1])),
        tools=[(tool.id, f"{tool.number} · {tool.name}") for tool in lendable],
        kits=[(kit.id, kit.name) for kit in catalogue.list_kits(session, scheme_id=scheme.id, limit=SHOWN).items],
        places=_places(session, scheme.id),
        reasons=[(code, visit.say(text)) for code, text in words.OVER_LIMIT.items()],
        loan_state=words.loan_state,
    )


def tools_of(loan: Loan) -> str:
    """The tools of a loan in one line."""
    return ", ".join(sorted(f"{item.tool.number} {item.tool.name}" for item in loan.items))


def _row(loan: Loan, now: int) -> LoanRow:
    return LoanRow(
        f"/tools/loans/{loan.id}", tools_of(loan), loan.membership.person.name, loan.due_at, state_at(loan, now)
    )


def _places(session: Session, scheme_id: str) -> Sequence[tuple[str, str]]:
    found = session.scalars(
        select(Locker)
        .join(ToolLocker, ToolLocker.locker_id == Locker.id)
        .where(ToolLocker.scheme_id == scheme_id)
        .order_by(Locker.bank_id, Locker.number)
    )
    return [(f"{one.bank_id}/{one.number}", f"{one.bank.name}, {one.number}") for one in found]


def _alert(visit: Member, session: Session, one: Attention) -> str:
    text = visit.say(words.LIMITS[one.limit], found=one.found, agreed=one.agreed)
    if one.person_id is not None:
        return f"{session.get_one(Person, one.person_id).name}: {text}"
    item = session.get(Consumable, one.subject)
    return f"{item.name}: {text}" if item else text
