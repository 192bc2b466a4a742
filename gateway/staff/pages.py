"""Signing in and out, and choosing the language of the pages."""

import re
import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from gateway.errors import ForbiddenError, GatewayError
from gateway.staff import service
from gateway.web import refusals
from gateway.web.forms import Form
from gateway.web.i18n import LANGUAGE_COOKIE, LANGUAGES, N_
from gateway.web.visit import GUEST_COOKIE, SESSION_COOKIE, AnyVisit, Visit, check_csrf, csrf_of, read_form

router = APIRouter()
LANGUAGE_KEPT_S = 400 * 86_400
# Browsers drop tabs and line ends from addresses and read a backslash as a slash.
_OWN_PATH = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")


async def guest_form(request: Request) -> Form:
    """The form of someone who may not be signed in yet."""
    return await read_form(request)


GuestForm = Annotated[Form, Depends(guest_form)]


@router.get("/sign-in")
def sign_in_page(visit: AnyVisit) -> Response:
    """The sign-in form; whoever is signed in goes on to the wall."""
    if visit.staff:
        return RedirectResponse("/", 303)
    asked = visit.request.query_params
    return _sign_in_form(visit, Form({"next": _own_path(asked.get("next", "/"))}), left=asked.get("left", ""))


@router.post("/sign-in")
def sign_in(visit: AnyVisit, form: GuestForm) -> Response:
    """Checks e-mail and password, slowly and not too often, and opens a session."""
    try:
        check_csrf(_stranger(visit)[1], form)
        email, password = form.text("email"), form.text("password")
        if form.valid:
            return _opened(visit, form, email, password)
    except ForbiddenError:
        form.error("", N_("The page had been open for too long. Please try again."))
    except GatewayError as error:
        refusals.tell(form, error)
    return _sign_in_form(visit, form, 422)


@router.post("/sign-out")
def sign_out(visit: AnyVisit, form: GuestForm) -> Response:
    """Ends the session on the server and forgets the cookie. Raises ForbiddenError with code `csrf`."""
    check_csrf(visit, form)
    with visit.database.writing() as session:
        service.close_sign_in(session, visit.request.cookies.get(SESSION_COOKIE, ""), now=visit.now)
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(SESSION_COOKIE)
    return response


@router.post("/language")
def language(visit: AnyVisit, form: GuestForm) -> Response:
    """Keeps the chosen language in a cookie and goes back. Raises ForbiddenError with code `csrf`."""
    check_csrf(visit, form)
    response = RedirectResponse(_own_path(form.get("back")), 303)
    chosen = form.get("language")
    if chosen in LANGUAGES:
        _set_cookie(visit.request, response, LANGUAGE_COOKIE, chosen, LANGUAGE_KEPT_S)
    return response


def _opened(visit: Visit, form: Form, email: str, password: str) -> Response:
    attempts = visit.request.app.state.attempts
    attempts.count(email, visit.request.client.host if visit.request.client else "")
    with visit.database.reading() as session:
        staff = service.authenticate(session, email, password)
    attempts.forget(email)
    response = RedirectResponse(_own_path(form.get("next")), 303)
    if visit.staff and visit.staff.staff_id == staff.id:
        return response  # in another tab: what is being written there is still of this session
    with visit.database.writing() as session:
        service.close_sign_in(session, visit.request.cookies.get(SESSION_COOKIE, ""), now=visit.now)
        opened = service.open_sign_in(session, staff.id, verified=staff.password_hash, now=visit.now)
    _set_cookie(visit.request, response, SESSION_COOKIE, opened.token, (opened.expires_at - visit.now) // 1000)
    return response


def _stranger(visit: Visit) -> tuple[str, Visit]:
    """The visit as of someone who is not signed in, with their cookie: the form may be from before, in another tab."""
    guest = visit.request.cookies.get(GUEST_COOKIE) or secrets.token_urlsafe(24)
    return guest, Visit(visit.request, visit.database, visit.language, csrf_of(guest), None, visit.now)


def _sign_in_form(visit: Visit, form: Form, status: int = 200, left: str = "") -> Response:
    guest, shown = _stranger(visit)
    response = shown.page("staff/sign_in.html", status=status, form=form, left=left)
    _set_cookie(visit.request, response, GUEST_COOKIE, guest, None)
    return response


def _set_cookie(request: Request, response: Response, name: str, value: str, seconds: int | None) -> None:
    secure = request.app.state.settings.behind_tls or request.url.scheme == "https"
    response.set_cookie(name, value, max_age=seconds, httponly=True, samesite="lax", secure=secure)


def _own_path(path: str) -> str:
    """A path of this site; anything that could lead elsewhere becomes the wall."""
    return path if _OWN_PATH.fullmatch(path) else "/"
