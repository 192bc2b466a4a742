"""Puts the staff web onto the gateway's application."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from sqlalchemy.exc import DBAPIError

from gateway.access import pages as access
from gateway.access import service_pages
from gateway.alerts import pages as alerts
from gateway.badges import enrolment, pin_pages
from gateway.badges import pages as badges
from gateway.care import pages as care
from gateway.care import waiting_pages, waiting_steps
from gateway.contracts import end_pages, handover, message_pages, opening_pages, paper, sign_pages
from gateway.contracts import pages as contracts
from gateway.custody import pages as safekeeping
from gateway.errors import (
    ConflictError,
    ForbiddenError,
    GatewayError,
    InvalidError,
    NotFoundError,
    OfflineError,
    SignInError,
)
from gateway.fleet import pages as fleet
from gateway.incidents import (
    exclusion_pages,
    hazard_pages,
    hazard_paper,
    incident_pages,
    incident_steps,
    leave_pages,
)
from gateway.loans import loan_pages
from gateway.loans import pages as tools
from gateway.lockers import block_pages, door_pages, places_pages
from gateway.lockers import pages as lockers
from gateway.luggage import pages as desk
from gateway.luggage import sheet_pages
from gateway.people import away_pages
from gateway.people import pages as people
from gateway.privacy import openings_pages
from gateway.privacy import pages as privacy
from gateway.reports import pages as reports
from gateway.schemes import pages as schemes
from gateway.staff import pages as staff
from gateway.web import api_page, more, streams
from gateway.web.i18n import N_
from gateway.web.rendering import STATIC_DIR
from gateway.web.security import PageHeaders
from gateway.web.visit import guest, sign_in_url, visitor

PAGES = (
    staff,
    lockers,
    access,
    service_pages,
    people,
    away_pages,
    care,
    waiting_pages,
    waiting_steps,
    leave_pages,
    badges,
    pin_pages,
    enrolment,
    handover,
    paper,
    contracts,
    end_pages,
    opening_pages,
    sign_pages,
    message_pages,
    desk,
    sheet_pages,
    safekeeping,
    fleet,
    tools,
    loan_pages,
    reports,
    streams,
    privacy,
    more,
    places_pages,
    block_pages,
    door_pages,
    alerts,
    openings_pages,
    incident_pages,
    incident_steps,
    exclusion_pages,
    hazard_paper,
    hazard_pages,
    schemes,
)
_STATUS: dict[type[GatewayError], HTTPStatus] = {
    NotFoundError: HTTPStatus.NOT_FOUND,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    InvalidError: HTTPStatus.UNPROCESSABLE_ENTITY,
    ConflictError: HTTPStatus.CONFLICT,
    OfflineError: HTTPStatus.SERVICE_UNAVAILABLE,
}
_TITLES = {
    HTTPStatus.NOT_FOUND: (N_("This page is not here"), N_("It may have been moved or removed.")),
    HTTPStatus.SERVICE_UNAVAILABLE: (
        N_("The data cannot be reached right now"),
        N_("Nothing was changed, and badges go on working at the doors. Try again in a minute."),
    ),
    HTTPStatus.INTERNAL_SERVER_ERROR: (
        N_("Something went wrong here"),
        N_("Nothing was changed, and it was logged. Go back and try again; tell the operator if it happens again."),
    ),
    HTTPStatus.FORBIDDEN: (
        N_("Nothing was changed"),
        N_("The page had been open for too long, or was sent from elsewhere. Go back, load it again, and repeat."),
    ),
}
_NOT_SENT = (
    _TITLES[HTTPStatus.SERVICE_UNAVAILABLE][0],
    N_(
        "What you sent is kept on this page. Send it again in a minute: it is never done twice. Badges go on working "
        "at the doors. If it lasts, tell the person who runs this gateway."
    ),
)
_ROLE = (
    N_("Your account does not include this"),
    N_("Nothing was changed. Ask a worker, or the person who runs this gateway."),
)
_OTHERWISE = (N_("That did not work"), N_("Nothing was changed. Go back and try again."))


def install_web(app: FastAPI) -> None:
    """Mounts pages, static files and headers; what pages use of `app.state` is named in visit.py."""
    app.mount("/static", StaticFiles(directory=STATIC_DIR), name="static")
    for module in PAGES:
        app.include_router(module.router, include_in_schema=False)
    app.include_router(api_page.router)
    app.add_middleware(PageHeaders)


def page_error(request: Request, error: GatewayError) -> Response:
    """A refusal as a page; someone who is not signed in goes to sign in and comes back."""
    if isinstance(error, SignInError):
        if request.url.path.startswith("/live/"):
            return Response(status_code=HTTPStatus.UNAUTHORIZED)
        return RedirectResponse(sign_in_url(request), HTTPStatus.SEE_OTHER)
    words = _ROLE if error.code == "role" else None
    return error_page(request, _STATUS.get(type(error), HTTPStatus.BAD_REQUEST), words)


def error_page(
    request: Request,
    status: HTTPStatus,
    words: tuple[str, str] | None = None,
    *,
    sent: Mapping[str, str] = MappingProxyType({}),
) -> HTMLResponse:
    """What went wrong, in plain words, with the way back, or with what was `sent` to be sent again; also when it is the
    database that is away."""
    try:
        visit = visitor(request)
    except DBAPIError:
        visit = guest(request)
    title, text = words or (_NOT_SENT if sent else _TITLES.get(status, _OTHERWISE))
    return visit.page(
        "error.html", status=status, title=visit.say(title), text=visit.say(text), sent=sent, address=request.url.path
    )
