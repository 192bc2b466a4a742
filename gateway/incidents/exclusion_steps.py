"""What becomes of an exclusion, as forms: lifted, appealed, decided anew. Its own page and its incident's have them."""

from collections.abc import Callable, Mapping

from sqlalchemy.orm import Session

from gateway.errors import ConflictError
from gateway.incidents import exclusions
from gateway.incidents.codes import AppealBy, AppealOutcome
from gateway.web.steps import Change
from gateway.web.visit import Posted


def _lift(posted: Posted) -> Change:
    def change(session: Session, _page: str, actor: str, now: int) -> object:
        exclusion = exclusions.exclusion_of(session, posted.form.get("exclusion"), actor=actor)
        if str(exclusion.until_at) != posted.form.get("seen"):
            raise ConflictError("situation", "someone else has changed this meanwhile: look at it again")
        return exclusions.lift(session, exclusion.id, actor=actor, now=now)

    return change


def _appeal(posted: Posted) -> Change:
    form = posted.form
    made_by = form.choice("made_by", list(AppealBy))
    return lambda session, _page, actor, now: exclusions.appeal(
        session, form.get("exclusion"), made_by=AppealBy(made_by), text=form.get("note"), actor=actor, now=now
    )


def _decide(posted: Posted) -> Change:
    form = posted.form
    outcome = form.choice("outcome", list(AppealOutcome))
    until_on = form.day("shortened_to") if outcome == AppealOutcome.SHORTENED else None
    return lambda session, _page, actor, now: exclusions.decide(
        session,
        form.get("appeal"),
        outcome=AppealOutcome(outcome),
        until_on=until_on,
        text=form.get("note"),
        actor=actor,
        now=now,
    )


# The form itself names the exclusion or the appeal.
STEPS: Mapping[str, Callable[[Posted], Change]] = {"lift": _lift, "appeal": _appeal, "decide": _decide}
