"""Lets each rendered form act once: a double click, or a page sent again, leads where the first one led."""

from collections.abc import Callable

from sqlalchemy import delete
from sqlalchemy.orm import Session

from gateway.web.models import FormSubmission

# A form left open longer than this is simply a new one.
KEPT_MS = 7 * 86_400_000


def act_once(session: Session, once: str, staff_id: str, now: int, act: Callable[[], str]) -> str:
    """Where to go after the form: what `act` returns the first time, the same without acting after that.

    Must run inside one writing unit: the act and its mark commit together.
    """
    done = session.get(FormSubmission, (once, staff_id))
    if done is not None:
        return done.location
    location = act()
    session.execute(delete(FormSubmission).where(FormSubmission.at < now - KEPT_MS))
    session.add(FormSubmission(once=once, staff_id=staff_id, at=now, location=location))
    return location
