"""Pages with several forms about one thing: the end of the address names the step, a table says what it does."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from fastapi.responses import Response
from sqlalchemy.orm import Session

from gateway.errors import NotFoundError
from gateway.web.forms import Form
from gateway.web.visit import Posted

T = TypeVar("T")
# With the thing's id, whoever does it, and the instant.
Change = Callable[[Session, str, str, int], object]


def named(steps: Mapping[str, T], step: str) -> T:
    """What the table says of the step. Raises NotFoundError with code `step`."""
    if step not in steps:
        raise NotFoundError("step", "no such step")
    return steps[step]


def take(
    posted: Posted, change: Change, thing_id: str, done: str, again: Callable[[Session, Form], Response]
) -> Response:
    """Changes the thing once and goes to `done`; a refusal shows the page `again`."""

    def act(session: Session, now: int) -> str:
        change(session, thing_id, posted.visit.staff.staff_id, now)
        return done

    return posted.act(act, again)
