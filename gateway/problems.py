"""Every error of the API as an RFC 9457 problem; pages show the same refusals in their own words."""

from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from starlette.exceptions import HTTPException

from gateway.errors import (
    ConflictError,
    ForbiddenError,
    GatewayError,
    InvalidError,
    NotFoundError,
    NotReadyError,
    OfflineError,
    SignInError,
    TooManyAttemptsError,
)
from gateway.web.install import error_page, page_error
from gateway.web.security import NEVER_KEPT
from gateway.web.visit import sent_form

log = structlog.get_logger("gateway.http")

MEDIA_TYPE = "application/problem+json"
_STATUS: dict[type[GatewayError], HTTPStatus] = {
    NotFoundError: HTTPStatus.NOT_FOUND,
    InvalidError: HTTPStatus.UNPROCESSABLE_ENTITY,
    ConflictError: HTTPStatus.CONFLICT,
    OfflineError: HTTPStatus.SERVICE_UNAVAILABLE,
    SignInError: HTTPStatus.UNAUTHORIZED,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    TooManyAttemptsError: HTTPStatus.TOO_MANY_REQUESTS,
    NotReadyError: HTTPStatus.SERVICE_UNAVAILABLE,
}
# Later Pythons call these otherwise; a code stays what it is.
_CODES: dict[int, str] = {HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large"}
_OURS = ("/api/", "/healthz", "/readyz")


class Problem(BaseModel):
    """An error: `code` is stable and fit for programs, `detail` says what is wrong and what to do next."""

    type: str = "about:blank"
    title: str = Field(examples=["Conflict"])
    status: int = Field(examples=[409])
    detail: str = Field(examples=["locker 4 of montreuil-1 is held until 2026-12-01 by another contract"])
    code: str = Field(examples=["locker_taken"])
    errors: list[dict[str, str]] = Field(default=[], description="where the request is wrong, field by field")


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems a route may answer with, for its OpenAPI description."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content}
        for status in (*statuses, 401, 403, 413, 422)
    }


def problem(status: int, code: str, detail: str, **more: Any) -> JSONResponse:
    """The response; `more` are the problem's own members."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        **more,
    }
    return JSONResponse(body, status, media_type=MEDIA_TYPE)


def install_problems(app: FastAPI) -> None:
    """Makes every error an answer: none is a bare 500, none shows a traceback."""
    app.add_exception_handler(GatewayError, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(DBAPIError, _database)
    app.add_exception_handler(Exception, _unforeseen)
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        """FastAPI's description, with the schema that every problem has."""
        description = describe()
        description["components"]["schemas"]["Problem"] = Problem.model_json_schema()
        return description

    app.openapi = openapi  # type: ignore[method-assign]


def _is_api(request: Request) -> bool:
    return request.url.path.startswith(_OURS)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, GatewayError)
    if not _is_api(request):
        return page_error(request, error)
    response = problem(_STATUS.get(type(error), HTTPStatus.BAD_REQUEST), error.code, error.text, **error.facts)
    if isinstance(error, SignInError):
        response.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, TooManyAttemptsError):
        response.headers["Retry-After"] = str(error.facts.get("retry_after_s", 60))
    return response


async def _malformed(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    if not _is_api(request):
        return error_page(request, HTTPStatus.UNPROCESSABLE_ENTITY)
    errors = [
        {"where": ".".join(str(part) for part in item["loc"])[:200], "message": str(item["msg"])[:300]}
        for item in error.errors()[:50]
    ]
    detail = "; ".join(f"{item['where']}: {item['message']}" for item in errors[:3])
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "malformed", f"The request is not right: {detail}", errors=errors)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if not _is_api(request):
        return error_page(request, HTTPStatus(error.status_code))
    code = _CODES.get(error.status_code) or HTTPStatus(error.status_code).name.lower()
    response = problem(error.status_code, code, str(error.detail))
    response.headers.update(error.headers or {})
    return response


async def _database(request: Request, error: Exception) -> Response:
    """What the database itself refused, or that it does not answer; nothing was changed."""
    assert isinstance(error, DBAPIError)
    log.warning("database_refused", why=type(error.orig).__name__)
    if isinstance(error, IntegrityError):
        status, code, detail = HTTPStatus.CONFLICT, "conflict", "this contradicts what is stored: load it again"
    elif isinstance(error, DataError):
        status, code, detail = HTTPStatus.UNPROCESSABLE_ENTITY, "malformed", "a value cannot be stored"
    else:
        status, code, detail = HTTPStatus.SERVICE_UNAVAILABLE, "database", "the database does not answer: try again"
    if _is_api(request):
        return problem(status, code, detail)
    again = status is HTTPStatus.SERVICE_UNAVAILABLE
    return error_page(request, status, sent=await sent_form(request) if again else {})


async def _unforeseen(request: Request, error: Exception) -> Response:
    log.error("unforeseen", path=request.url.path, exc_info=error)
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    detail = "something went wrong here; nothing was changed, and it was logged"
    response = problem(status, "internal", detail) if _is_api(request) else error_page(request, status)
    response.headers.update(NEVER_KEPT)
    return response
