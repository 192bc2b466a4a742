"""One request to a page: who asks, in which language, how to answer; and one form, checked and acted on once."""

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

from fastapi import Depends, Path, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import String, bindparam, select
from sqlalchemy.orm import Session

from gateway.db import Database
from gateway.errors import ForbiddenError, GatewayError, InvalidError, SignInError
from gateway.link.presence import Presence
from gateway.lockers.models import Site
from gateway.lockers.wall import BankView
from gateway.prepared import Prepared
from gateway.reports.ledger import KeptLedger
from gateway.staff import addresses, rights, scope
from gateway.staff import service as accounts
from gateway.staff.rights import Right
from gateway.staff.service import SignedIn
from gateway.web import formats, marks, refusals, words
from gateway.web.forms import Form
from gateway.web.i18n import DEFAULT_LANGUAGE, LANGUAGE_COOKIE, LANGUAGES, choose_language, translations
from gateway.web.once import act_once
from gateway.web.rendering import render
from wire.hours import site_zone

SESSION_COOKIE = "casier_session"
GUEST_COOKIE = "casier_guest"
DEFAULT_ZONE = "Europe/Paris"
MAX_FORM_BYTES = 64 * 1024
MAX_FORM_FIELDS = 300  # a hand-over asks the conditions of every scheme there is to choose
# What is never written into a page again.
_SECRET_FIELDS = frozenset({"password", "pin", "again", "address"})
_READ_WITHIN_S = 5.0
_HOME = Prepared(
    select(Site.zone).order_by(
        Site.organisation_id != bindparam("organisation", type_=String()), Site.created_at, Site.id
    )
)


@dataclass(frozen=True)
class Visit:
    """A request with its member of staff, if anyone is signed in.

    `home`: the zone of their organisation's first place, for what is at no place of its own.
    """

    request: Request
    database: Database
    language: str
    csrf: str
    staff: SignedIn | None
    now: int
    home: str = DEFAULT_ZONE

    def clock(self) -> int:
        """The instant it is now; `now` is when the request began."""
        return self.request.app.state.now()  # type: ignore[no-any-return]

    @property
    def presence(self) -> Presence:
        """What is heard of each bank right now."""
        return self.request.app.state.presence  # type: ignore[no-any-return]

    @property
    def ledger(self) -> KeptLedger:
        """The facts that figures are made of."""
        return self.request.app.state.ledger  # type: ignore[no-any-return]

    @property
    def organisation_id(self) -> str | None:
        """Whose people and lockers whoever asks sees in full; None: everyone's."""
        return self.staff.organisation_id if self.staff else None

    def may(self, right: Right) -> bool:
        """Whether whoever asks has the right."""
        return self.staff is not None and rights.may(self.staff.role, right)

    def may_go(self, url: str) -> bool:
        """Whether whoever asks may use the page at this address: other links are not shown."""
        return self.staff is not None and addresses.may_go(self.staff.role, "GET", url)

    def heard(self, bank_id: str) -> bool:
        """Whether the bank was heard lately."""
        return self.presence.heard(bank_id)

    def heard_at(self, bank: BankView) -> int | None:
        """When the bank was last heard, as far as is known."""
        ago = self.presence.heard_ago_ms(bank.id)
        return bank.status_at if ago is None else self.clock() - ago

    def say(self, message: str, **values: object) -> str:
        """A message in the reader's language."""
        text = translations(self.language).gettext(message)
        return text % values if values else text

    def choices(self, of: Mapping[str, str]) -> list[tuple[str, str, str]]:
        """Codes with their words in the reader's language, to choose from: code, text, and nothing to explain it."""
        return [(code, self.say(text), "") for code, text in of.items()]

    def day(self, instant: date | int) -> str:
        """A day, or the one an instant falls on, in the reader's language."""
        return formats.day(instant, site_zone(self.home), self.language)

    def page(
        self, template: str, *, area: str = "", zone: ZoneInfo | None = None, status: int = 200, **values: Any
    ) -> HTMLResponse:
        """A rendered page or fragment."""
        return HTMLResponse(self.html(template, area=area, zone=zone, **values), status)

    def html(self, template: str, *, area: str = "", zone: ZoneInfo | None = None, **values: Any) -> str:
        """The HTML of a template with what every template may use; made again where a problem would not be seen."""
        form = values.get("form")
        html = self._html(template, area=area, zone=zone, **values)
        if not isinstance(form, Form) or not form.errors:
            return html
        form.unseen = marks.unseen(form, html)
        return self._html(template, area=area, zone=zone, **values) if form.unseen else html

    def _html(self, template: str, *, area: str, zone: ZoneInfo | None, **values: Any) -> str:
        done = words.DONE.get(self.request.query_params.get("done", ""))
        return render(
            template,
            self.language,
            zone or site_zone(self.home),
            self.now,
            staff=self.staff,
            may_go=self.may_go,
            csrf=self.csrf,
            here=_here(self.request),
            done=self.say(done) if done else "",
            area=area,
            **values,
        )


@dataclass(frozen=True)
class Member(Visit):
    """A request by someone who is signed in."""

    staff: SignedIn


@dataclass(frozen=True)
class Posted:
    """A form sent by a member of staff, its CSRF token checked."""

    visit: Member
    form: Form

    def act(
        self, act: Callable[[Session, int], str], again: Callable[[Session, Form], Response],
        refused: Mapping[str, str] = MappingProxyType({}),
    ) -> Response:  # fmt: skip
        """Runs `act(session, now)` once and goes where it says; a refusal shows the form again, input kept.

        `refused`: by code, what a refusal is called on this page, where its usual words ask for what is not on it.

        `now` is taken when this is the only writer, so that a list issued later is known to hold the change.
        """
        visit, once = self.visit, self.form.get("once")
        if self.form.valid:
            try:
                if not 16 <= len(once) <= 64:
                    raise InvalidError("once", "the form is incomplete: load the page again")
                with visit.database.writing() as session:
                    now = visit.request.app.state.now()
                    location = act_once(session, once, visit.staff.staff_id, now, lambda: act(session, now))
                return RedirectResponse(location, 303)
            except GatewayError as error:
                refusals.tell(self.form, error, refused)
        with visit.database.reading() as session:
            return again(session, self.form)


def _here(request: Request) -> str:
    """Where a change of language leads back to; without the word that something was just done."""
    url = request.url
    return f"{url.path}?{url.query}" if url.query and "done" not in request.query_params else url.path


def csrf_of(secret: str) -> str:
    """The token that forms of someone not signed in carry; it cannot be turned back into their cookie."""
    return hmac.new(secret.encode(), b"casier form", hashlib.sha256).hexdigest()


async def read_form(request: Request) -> Form:
    """The fields of a urlencoded form. Raises InvalidError with code `form` if it is none or too large."""
    body, request.state.sent = b"", {}
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            raise InvalidError("form", "the form is too large")
    try:
        form = Form(dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS)))
    except ValueError as error:
        raise InvalidError("form", "the form cannot be read") from error
    request.state.sent = form.values
    return form


async def sent_form(request: Request) -> Mapping[str, str]:
    """The fields of a form that could not be kept, to be sent again; none of a form that holds a secret."""
    if request.method != "POST":
        return {}
    if not hasattr(request.state, "sent"):
        with suppress(GatewayError, TimeoutError):
            async with asyncio.timeout(_READ_WITHIN_S):
                await read_form(request)
    sent: Mapping[str, str] = getattr(request.state, "sent", {})
    return {} if _SECRET_FIELDS & set(sent) else sent


def check_csrf(visit: Visit, form: Form) -> None:
    """Raises ForbiddenError with code `csrf` unless the form was rendered for this very visitor."""
    given = form.get("csrf").encode(errors="replace")  # as text it may hold what cannot be compared
    if not visit.csrf or not hmac.compare_digest(given, visit.csrf.encode()):
        raise ForbiddenError("csrf", "the form was not rendered here or is too old: load the page again")


def visitor(request: Request) -> Visit:
    """Anyone."""
    state = request.app.state
    database: Database = state.database
    now: int = state.now()
    staff, home = _signed_in(database, request.cookies.get(SESSION_COOKIE, ""), now)
    language = choose_language(
        request.cookies.get(LANGUAGE_COOKIE),
        request.headers.get("accept-language"),
        staff.language if staff and staff.language in LANGUAGES else DEFAULT_LANGUAGE,
    )
    if staff:
        csrf = staff.csrf_token or ""
    else:
        guest = request.cookies.get(GUEST_COOKIE, "")
        csrf = csrf_of(guest) if guest else ""
    return Visit(request, database, language, csrf, staff, now, home)


def guest(request: Request) -> Visit:
    """Anyone, without a look into the database."""
    language = choose_language(request.cookies.get(LANGUAGE_COOKIE), request.headers.get("accept-language"))
    return Visit(request, request.app.state.database, language, "", None, request.app.state.now())


def _signed_in(database: Database, cookie: str, now: int) -> tuple[SignedIn | None, str]:
    if not cookie:
        return None, DEFAULT_ZONE
    try:
        with database.reading() as session:
            staff = accounts.signed_in(session, cookie, now=now)
            home = _HOME.first(session.connection(), {"organisation": staff.organisation_id})
            return staff, home[0] if home else DEFAULT_ZONE
    except SignInError:
        return None, DEFAULT_ZONE


def member(visit: Annotated[Visit, Depends(visitor)]) -> Member:
    """Someone signed in who may be here.

    Raises SignInError with code `signed_out`, which leads to the sign-in page, and ForbiddenError with code `role`.
    """
    if visit.staff is None:
        raise SignInError("signed_out", "sign in first")
    addresses.require(visit.staff.role, visit.request.method, visit.request.scope["path"])
    scope.require_seen(visit.database, visit.staff, visit.request, {})
    return Member(visit.request, visit.database, visit.language, visit.csrf, visit.staff, visit.now, visit.home)


async def posted(request: Request, visit: Annotated[Member, Depends(member)]) -> Posted:
    """A form sent by someone signed in. Raises ForbiddenError (`csrf`), InvalidError (`form`), and as require_seen."""
    form = await read_form(request)
    check_csrf(visit, form)
    await run_in_threadpool(scope.require_seen, visit.database, visit.staff, request, form.values)
    return Posted(visit, form)


def sign_in_url(request: Request) -> str:
    """The sign-in page, which leads back to where the visitor wanted to go; `left` where a sign-in has ended, and
    says whether something was just sent, which was not kept."""
    wanted = request.url.path if request.method == "GET" else "/"
    asked = {} if wanted == "/" else {"next": wanted}
    if request.cookies.get(SESSION_COOKIE):
        asked["left"] = "seen" if request.method == "GET" else "sent"
    return f"/sign-in?{urlencode(asked, safe='/')}" if asked else "/sign-in"


AnyVisit = Annotated[Visit, Depends(visitor)]
MemberVisit = Annotated[Member, Depends(member)]
PostedForm = Annotated[Posted, Depends(posted)]
# Of a locker, of an event, in an address: what no database can hold is no page.
LockerNumber = Annotated[int, Path(ge=1, le=99_999)]
EventNumber = Annotated[int, Path(ge=1, lt=10**18)]
