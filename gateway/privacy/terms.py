"""How long files and openings are kept: each organisation's own terms, or the defaults."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.errors import InvalidError, NotFoundError
from gateway.lockers.models import Organisation
from gateway.privacy.models import RetentionTerms

DAY_MS = 86_400_000
# Two years after the last contact; ninety days of openings.
FILE_DAYS = 730
OPENINGS_DAYS = 90
MAX_DAYS = 3650


@dataclass(frozen=True)
class Terms:
    """Days that a file is kept after the last contact, and openings after they happened."""

    file_days: int = FILE_DAYS
    openings_days: int = OPENINGS_DAYS


def terms_of(session: Session, organisation_id: str) -> Terms:
    """The terms in force at an organisation."""
    row = session.get(RetentionTerms, organisation_id)
    return Terms() if row is None else Terms(row.file_days, row.openings_days)


def set_terms(session: Session, organisation_id: str, terms: Terms, *, actor: str, now: int) -> Terms:
    """Replaces an organisation's terms. Raises NotFoundError (`organisation`), InvalidError (`days`)."""
    if session.get(Organisation, organisation_id) is None:
        raise NotFoundError("organisation", "no such organisation")
    if not all(1 <= days <= MAX_DAYS for days in (terms.file_days, terms.openings_days)):
        raise InvalidError("days", f"days of keeping are 1 to {MAX_DAYS}")
    row = session.get(RetentionTerms, organisation_id)
    if row is None:
        row = RetentionTerms(organisation_id=organisation_id)
        session.add(row)
    row.file_days, row.openings_days = terms.file_days, terms.openings_days
    session.flush()
    audit.record(
        session, actor=actor, action="retention_set", subject=organisation_id, now=now,
        file_days=terms.file_days, openings_days=terms.openings_days,
    )  # fmt: skip
    return terms
