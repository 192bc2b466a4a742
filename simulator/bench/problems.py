"""The simulator's errors as HTTP problems (RFC 9457), each with what exists where a name was not known."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from simulator.errors import MissingValueError, NotAvailableError, NotPossibleError, SimulatorError, UnknownNameError

STATUS: dict[type[SimulatorError], tuple[int, str]] = {
    UnknownNameError: (404, "Not found"),
    NotPossibleError: (409, "Not possible now"),
    NotAvailableError: (409, "Not available here"),
    MissingValueError: (422, "A value is missing"),
}


def problem(status: int, title: str, detail: str, **more: Any) -> JSONResponse:
    """One problem document."""
    document = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return JSONResponse(document, status, media_type="application/problem+json")


async def _simulator_error(_request: Request, error: Exception) -> JSONResponse:
    status, title = STATUS.get(type(error), (500, "The simulator failed"))  # type: ignore[arg-type]  # by registration
    known = {"known": error.known} if isinstance(error, UnknownNameError) else {}
    return problem(status, title, str(error), **known)


async def _invalid_request(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    errors = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
    return problem(422, "The request is not understood", "; ".join(errors), errors=errors)


def add_problems(app: FastAPI) -> None:
    """Answer the simulator's errors and unreadable requests with problems."""
    app.add_exception_handler(SimulatorError, _simulator_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
