"""Schemes as pages: their terms to read and to change, made from a template, copied and closed."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from secrets import token_hex

from babel.dates import get_day_names
from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.contracts import words as contract_words
from gateway.lockers.models import Organisation
from gateway.lockers.service import list_organisations
from gateway.money.amounts import euros
from gateway.schemes import opening, service, words
from gateway.schemes.codes import Every
from gateway.schemes.models import Scheme
from gateway.schemes.templates import TEMPLATES, service_called
from gateway.schemes.terms import Condition, Terms, Wording
from gateway.schemes.terms_form import clock, form_of, terms_in
from gateway.staff.rights import Right
from gateway.staff.scope import require_organisation
from gateway.web.forms import Form
from gateway.web.i18n import N_, babel_locale
from gateway.web.steps import named
from gateway.web.visit import Member, MemberVisit, PostedForm

router = APIRouter()
Change = Callable[[Session, Scheme, str, int], str]
MOST_DAYS_AT_ONCE = 62


@router.get("/schemes")
def schemes_page(visit: MemberVisit) -> Response:
    """Every scheme, by organisation: any may be read and copied."""
    with visit.database.reading() as session:
        return _list(visit, session, Form())


@router.post("/schemes")
def add(posted: PostedForm) -> Response:
    """A new one, with the terms of a template. Raises ForbiddenError (`organisation`)."""
    form, visit = posted.form, posted.visit
    organisation, kind = form.text("organisation"), form.choice("service", list(words.SERVICES))
    name = form.text("scheme_name", required=False)
    require_organisation(visit.organisation_id, organisation)

    def act(session: Session, now: int) -> str:
        template = TEMPLATES[service_called(kind)]
        made = service.add_scheme(
            session, organisation_id=organisation, service=template.service,
            name=name or getattr(template.name, visit.language), actor=visit.staff.staff_id, now=now,
        )  # fmt: skip
        return f"/schemes/{made.id}?done=place_added"

    return posted.act(act, lambda session, again: _list(visit, session, again, 422))


@router.get("/schemes/{scheme_id}")
def scheme_page(visit: MemberVisit, scheme_id: str) -> Response:
    """One scheme in words. Raises NotFoundError (`scheme`)."""
    with visit.database.reading() as session:
        return _scheme(visit, session, scheme_id, Form())


@router.get("/schemes/{scheme_id}/terms")
def terms_page(visit: MemberVisit, scheme_id: str) -> Response:
    """The form that changes the terms of new contracts. Raises NotFoundError (`scheme`)."""
    with visit.database.reading() as session:
        terms = service.scheme_of(session, scheme_id).terms
        return _terms(visit, session, scheme_id, form_of(terms))


@router.post("/schemes/{scheme_id}/terms")
def change_terms(posted: PostedForm, scheme_id: str) -> Response:
    """Signed contracts keep what was signed. Raises NotFoundError (`scheme`), ForbiddenError (`organisation`)."""
    visit = posted.visit
    with visit.database.reading() as session:
        terms_in(posted.form, _own(visit, session, scheme_id).terms)

    def act(session: Session, now: int) -> str:
        wanted = terms_in(posted.form, _own(visit, session, scheme_id).terms)
        service.change_terms(session, scheme_id, wanted, actor=visit.staff.staff_id, now=now)
        return f"/schemes/{scheme_id}?done=terms_changed"

    return posted.act(act, lambda session, form: _terms(visit, session, scheme_id, form, 422))


@router.post("/schemes/{scheme_id}/{step}")
def take_step(posted: PostedForm, scheme_id: str, step: str) -> Response:
    """One change: the form's own name says which. Raises NotFoundError (`step`, `scheme`), ForbiddenError."""
    visit = posted.visit
    change = named(_STEPS, step)(posted.form)

    def act(session: Session, now: int) -> str:
        # To copy a scheme one need not own it: whose copy it is counts.
        wanted = posted.form.get("organisation") if step == "copy" else None
        scheme = service.scheme_of(session, scheme_id)
        require_organisation(visit.organisation_id, wanted or scheme.organisation_id)
        return change(session, scheme, visit.staff.staff_id, now)

    return posted.act(act, lambda session, form: _scheme(visit, session, scheme_id, form, 422))


def _copy(form: Form) -> Change:
    organisation, name = form.text("organisation"), form.text("copy_name", required=False)

    def copy(session: Session, scheme: Scheme, actor: str, now: int) -> str:
        made = service.copy_scheme(
            session, scheme.id, organisation_id=organisation, name=name or None, actor=actor, now=now
        )
        return f"/schemes/{made.id}?done=place_added"

    return copy


def _close(_form: Form) -> Change:
    def close(session: Session, scheme: Scheme, actor: str, now: int) -> str:
        service.close_scheme(session, scheme.id, actor=actor, now=now)
        return f"/schemes/{scheme.id}?done=place_changed"

    return close


def _bring_hours(_form: Form) -> Change:
    def bring(session: Session, scheme: Scheme, actor: str, now: int) -> str:
        opening.bring_hours(session, scheme.id, actor=actor, now=now)
        return f"/schemes/{scheme.id}?done=hours_brought"

    return bring


def _changing(edit: Callable[[Terms], Terms]) -> Change:
    """Terms with one thing more or less, checked as a whole."""

    def change(session: Session, scheme: Scheme, actor: str, now: int) -> str:
        wanted = Terms.model_validate(edit(scheme.terms).model_dump())
        service.change_terms(session, scheme.id, wanted, actor=actor, now=now)
        return f"/schemes/{scheme.id}?done=terms_changed"

    return change


def _condition(form: Form) -> Change:
    texts = {language: form.text(f"text_{language}")[:300] for language in ("fr", "en", "pt")}
    exceptions = tuple(code for code in words.EXCEPTIONS if form.get(f"except-{code}"))
    if not form.valid:
        return _changing(lambda terms: terms)

    def add_condition(terms: Terms) -> Terms:
        # Never the code of one that was dropped: what was decided of that says nothing of this.
        made = Condition(code=f"c{token_hex(6)}", text=Wording(**texts), exceptions=exceptions)
        return terms.model_copy(update={"conditions": (*terms.conditions, made)})

    return _changing(add_condition)


def _drop_condition(form: Form) -> Change:
    code = form.get("condition")
    return _changing(
        lambda terms: terms.model_copy(
            update={"conditions": tuple(one for one in terms.conditions if one.code != code)}
        )
    )


def _days_off(form: Form) -> Change:
    first = form.day("off_from")
    last = form.day("off_to") if form.get("off_to").strip() else first
    if not 0 <= (last - first).days < MOST_DAYS_AT_ONCE:
        form.error("off_to", N_("The last day must not be before the first day, nor two months after it."))
    days = {first + timedelta(days=count) for count in range(max(0, (last - first).days) % MOST_DAYS_AT_ONCE + 1)}
    return _changing(lambda terms: _with_days_off(terms, set(terms.calendar.dates_off) | days))


def _drop_day(form: Form) -> Change:
    day = form.day("day")
    return _changing(lambda terms: _with_days_off(terms, set(terms.calendar.dates_off) - {day}))


def _with_days_off(terms: Terms, days: set[date]) -> Terms:
    return terms.model_copy(update={"calendar": terms.calendar.model_copy(update={"dates_off": tuple(sorted(days))})})


_STEPS: Mapping[str, Callable[[Form], Change]] = {
    "copy": _copy,
    "close": _close,
    "bring-hours": _bring_hours,
    "condition": _condition,
    "drop-condition": _drop_condition,
    "days-off": _days_off,
    "drop-day": _drop_day,
}


def _own(visit: Member, session: Session, scheme_id: str) -> Scheme:
    scheme = service.scheme_of(session, scheme_id)
    require_organisation(visit.organisation_id, scheme.organisation_id)
    return scheme


def _list(visit: Member, session: Session, form: Form, status: int = 200) -> Response:
    rows = session.execute(
        select(Scheme, Organisation.name)
        .join(Organisation, Organisation.id == Scheme.organisation_id)
        .order_by(Organisation.name, Scheme.name)
    )
    return visit.page(
        "schemes/list.html", area="more", status=status, form=form, may_change=visit.may(Right.PLACES),
        schemes=[(scheme, name, words.SERVICES[scheme.service]) for scheme, name in rows],
        organisations=_organisations(visit, session),
        services=[(code, visit.say(text)) for code, text in words.SERVICES.items()],
    )  # fmt: skip


def _organisations(visit: Member, session: Session) -> list[tuple[str, str]]:
    return [(one.id, one.name) for one in list_organisations(session) if visit.organisation_id in (None, one.id)]


def _scheme(visit: Member, session: Session, scheme_id: str, form: Form, status: int = 200) -> Response:
    scheme = service.scheme_of(session, scheme_id)
    terms, names = scheme.terms, _weekdays(visit)
    asked = terms.contribution
    return visit.page(
        "schemes/scheme.html",
        area="more",
        status=status,
        form=form,
        url=f"/schemes/{scheme.id}",
        scheme=scheme,
        terms=terms,
        service=words.SERVICES[scheme.service],
        organisation=session.get_one(Organisation, scheme.organisation_id).name,
        may_change=visit.may(Right.PLACES) and visit.organisation_id in (None, scheme.organisation_id),
        may_copy=visit.may(Right.PLACES),
        contribution=(euros(asked.cents, visit.language), contract_words.EVERY[asked.every]) if asked else None,
        hours=[
            (names[weekday], ", ".join(f"{clock(start)}-{clock(end)}" for start, end in spans))
            for weekday, spans in enumerate(terms.hours.days)
        ]
        if terms.hours
        else [],
        days_off=[names[weekday] for weekday in sorted(terms.calendar.weekly_off)],
        due_time=clock(terms.loans.due_minute) if terms.loans else "",
        conditions=[
            (
                one.code,
                getattr(one.text, visit.language),
                [visit.say(words.EXCEPTIONS.get(code, code)) for code in one.exceptions],
            )
            for one in terms.conditions
        ],
        exceptions=list(words.EXCEPTIONS.items()),
        organisations=_organisations(visit, session),
    )


def _terms(visit: Member, session: Session, scheme_id: str, form: Form, status: int = 200) -> Response:
    scheme = service.scheme_of(session, scheme_id)
    return visit.page(
        "schemes/terms.html", area="more", status=status, form=form, scheme=scheme, url=f"/schemes/{scheme.id}",
        weekdays=_weekdays(visit), lends=scheme.terms.loans is not None,
        everies=[(every.value, visit.say(contract_words.EVERY[every])) for every in Every],
    )  # fmt: skip


def _weekdays(visit: Member) -> list[str]:
    names = get_day_names(locale=babel_locale(visit.language))
    return [names[weekday] for weekday in range(7)]
