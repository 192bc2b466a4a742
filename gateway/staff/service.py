"""Staff accounts, signing in and out, and API tokens. Passwords are argon2; secrets handed out are kept as hashes."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from pwdlib import PasswordHash
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.care.models import NamedWorker
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError, NotFoundError, SignInError
from gateway.lockers.models import Organisation
from gateway.people.models import Person
from gateway.people.service import LANGUAGES, checked_name
from gateway.prepared import Prepared
from gateway.staff.models import ApiToken, SignIn, Staff

ROLES = ("worker", "volunteer", "technician", "librarian", "operator")
SIGN_IN_MS = 12 * 3_600_000
# The clocks of two machines of one gateway are never so far apart.
_APART_MS = 60_000
MIN_PASSWORD, MAX_PASSWORD = 10, 200
TOKEN_PREFIX = "casier_"  # noqa: S105 - what a token begins with, so that leaked ones can be searched for
# Made once: one of them is asked with every request.
_BY_TOKEN = Prepared(
    select(Staff.id, Staff.name, Staff.role, Staff.language, Staff.organisation_id)
    .join(ApiToken, ApiToken.staff_id == Staff.id)
    .where(ApiToken.token_hash == bindparam("hash"), ApiToken.revoked_at.is_(None), Staff.disabled_at.is_(None))
)
_BY_COOKIE = Prepared(
    select(Staff.id, Staff.name, Staff.role, Staff.language, Staff.organisation_id, SignIn.csrf_token)
    .join(SignIn, SignIn.staff_id == Staff.id)
    .where(
        SignIn.token_hash == bindparam("hash"),
        SignIn.ended_at.is_(None),
        SignIn.expires_at > bindparam("now"),
        # One by a clock that was ahead, and is right again, would last until then.
        SignIn.created_at <= bindparam("latest"),
        Staff.disabled_at.is_(None),
    )
)

_passwords = PasswordHash.recommended()


@dataclass(frozen=True)
class SignedIn:
    """Who asks: a member of staff, by cookie (then with the page's `csrf_token`) or by API token.

    `organisation_id`: whose files they see (scope.py); None: everyone's.
    """

    staff_id: str
    name: str
    role: str
    language: str
    organisation_id: str | None = None
    csrf_token: str | None = None


@dataclass(frozen=True)
class NewSignIn:
    """What the browser gets: `token` for the cookie, `csrf_token` for the forms, both shown once."""

    token: str
    csrf_token: str
    expires_at: int


def add_staff(
    session: Session, *, email: str, name: str, password: str, role: str = "worker", language: str = "fr",
    organisation_id: str | None = None, actor: str, now: int,
) -> Staff:  # fmt: skip
    """A new account, of an organisation or (without one) of whoever runs the gateway.

    Raises InvalidError (`email`, `name`, `password`, `role`, `language`), ConflictError (`email`), NotFoundError
    (`organisation`).
    """
    address = email.strip().lower()
    if not 3 <= len(address) <= 200 or "@" not in address[1:-1] or not address.isprintable() or " " in address:
        raise InvalidError("email", "that is not an e-mail address")
    if role not in ROLES:
        raise InvalidError("role", f"unknown role {role[:20]!r}; known: {', '.join(ROLES)}")
    if language not in LANGUAGES:
        raise InvalidError("language", f"unknown language {language[:20]!r}; known: {', '.join(LANGUAGES)}")
    if organisation_id is not None and session.get(Organisation, organisation_id) is None:
        raise NotFoundError("organisation", "no such organisation")
    if session.scalar(select(Staff.id).where(Staff.email == address)) is not None:
        raise ConflictError("email", "there is an account with this e-mail address already")
    staff = Staff(
        id=new_id(now),
        email=address,
        name=checked_name(name),
        role=role,
        organisation_id=organisation_id,
        language=language,
        password_hash=hash_password(password),
        created_at=now,
    )
    session.add(staff)
    session.flush()
    audit.record(session, actor=actor, action="staff_added", subject=staff.id, now=now, role=role)
    return staff


def set_password(session: Session, staff_id: str, password: str, *, actor: str, now: int) -> None:
    """Replaces the password and ends every sign-in. Raises InvalidError (`password`), NotFoundError (`staff`)."""
    staff = staff_of(session, staff_id)
    staff.password_hash = hash_password(password)
    end_sign_ins(session, staff_id, now)
    audit.record(session, actor=actor, action="password_set", subject=staff_id, now=now)


def looked_after(session: Session, staff_id: str) -> list[str]:
    """The people whose named worker this is, whose file has not been erased."""
    query = (
        select(NamedWorker.person_id)
        .join(Person, Person.id == NamedWorker.person_id)
        .where(NamedWorker.staff_id == staff_id, NamedWorker.until_at.is_(None), Person.erased_at.is_(None))
    )
    return list(session.scalars(query.order_by(NamedWorker.person_id)))


def hash_password(password: str) -> str:
    """The argon2 hash. Raises InvalidError with code `password`."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise InvalidError("password", f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters")
    return _passwords.hash(password)


def authenticate(session: Session, email: str, password: str) -> Staff:
    """The account behind e-mail and password (slow on purpose: call it in a reading unit).

    Raises SignInError with code `sign_in`, the same whatever was wrong.
    """
    staff = session.scalar(select(Staff).where(Staff.email == email.strip().lower()[:200]))
    right = _passwords.verify(password[:MAX_PASSWORD], _nobody() if staff is None else staff.password_hash)
    if staff is None or not right or staff.disabled_at is not None:
        raise SignInError("sign_in", "e-mail address or password is not right")
    return staff


@cache
def _nobody() -> str:
    """Verified where there is no such account, so that the answer takes as long."""
    return _passwords.hash(secrets.token_urlsafe())


def open_sign_in(session: Session, staff_id: str, *, verified: str | None = None, now: int) -> NewSignIn:
    """A new session on this server for an authenticated member of staff.

    `verified`: the hash that their password was right for. Raises NotFoundError (`staff`), SignInError (`sign_in`)
    where the password was replaced meanwhile.
    """
    staff = staff_of(session, staff_id)
    if verified not in (None, staff.password_hash):
        raise SignInError("sign_in", "e-mail address or password is not right")
    opened = NewSignIn(secrets.token_urlsafe(32), secrets.token_urlsafe(24), now + SIGN_IN_MS)
    session.add(
        SignIn(
            token_hash=_hash(opened.token),
            staff_id=staff_id,
            csrf_token=opened.csrf_token,
            created_at=now,
            expires_at=opened.expires_at,
        )
    )
    audit.record(session, actor=staff_id, action="signed_in", subject=staff_id, now=now)
    return opened


def signed_in(session: Session, token: str, *, now: int) -> SignedIn:
    """Who a cookie belongs to. Raises SignInError with code `signed_out`."""
    session.flush()  # the question below does not see what is pending
    found = _BY_COOKIE.first(session.connection(), {"hash": _hash(token), "now": now, "latest": now + _APART_MS})
    if found is None:
        raise SignInError("signed_out", "sign in first")
    return SignedIn(*found)


def close_sign_in(session: Session, token: str, *, now: int) -> None:
    """Signs out; a cookie that counts no more changes nothing."""
    row = session.get(SignIn, _hash(token))
    if row is not None and row.ended_at is None:
        row.ended_at = now
        audit.record(session, actor=row.staff_id, action="signed_out", subject=row.staff_id, now=now)


def end_sign_ins(session: Session, staff_id: str, now: int) -> None:
    """Every browser of theirs is signed out."""
    for row in session.scalars(select(SignIn).where(SignIn.staff_id == staff_id, SignIn.ended_at.is_(None))):
        row.ended_at = now


def same_csrf_token(who: SignedIn, given: str) -> bool:
    """Whether a form's token is the session's own."""
    return who.csrf_token is not None and secrets.compare_digest(who.csrf_token.encode(), given.encode())


def add_token(session: Session, staff_id: str, name: str, *, actor: str, now: int) -> str:
    """A new API token acting as this member of staff: the only time it is seen. Raises NotFoundError, InvalidError."""
    staff_of(session, staff_id)
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    row = ApiToken(
        id=new_id(now), staff_id=staff_id, name=checked_name(name)[:100], token_hash=_hash(token), created_at=now
    )
    session.add(row)
    session.flush()
    audit.record(session, actor=actor, action="token_added", subject=row.id, now=now)
    return token


def tokens(session: Session, staff_id: str | None = None) -> Sequence[tuple[ApiToken, Staff]]:
    """Every API token with whom it acts as, of one account or of all, the oldest first; those revoked, too."""
    query = select(ApiToken, Staff).join(Staff, Staff.id == ApiToken.staff_id).order_by(ApiToken.id)
    if staff_id is not None:
        query = query.where(ApiToken.staff_id == staff_id)
    return [(token, holder) for token, holder in session.execute(query)]


def revoke_token(session: Session, token_id: str, *, actor: str, now: int) -> None:
    """The token works no more; one that was revoked before stays as it is. Raises NotFoundError with code `token`."""
    row = session.get(ApiToken, token_id)
    if row is None:
        raise NotFoundError("token", "no such token: `casier-gateway token list` shows their ids")
    if row.revoked_at is None:
        row.revoked_at = now
        audit.record(session, actor=actor, action="token_revoked", subject=token_id, now=now)


def token_holder(session: Session, token: str) -> SignedIn:
    """Who a bearer token acts as. Raises SignInError with code `token`."""
    session.flush()  # the question below does not see what is pending
    found = _BY_TOKEN.first(session.connection(), {"hash": _hash(token)})
    if found is None:
        raise SignInError("token", "the bearer token is not known or was revoked")
    return SignedIn(*found)


def staff_of(session: Session, staff_id: str) -> Staff:
    """Raises NotFoundError with code `staff`."""
    staff = session.get(Staff, staff_id)
    if staff is None:
        raise NotFoundError("staff", "no such member of staff")
    return staff


def staff_named(session: Session, email: str) -> Staff:
    """The account of an e-mail address. Raises NotFoundError with code `staff`."""
    staff = session.scalar(select(Staff).where(Staff.email == email.strip().lower()))
    if staff is None:
        raise NotFoundError("staff", "there is no account with this e-mail address")
    return staff


def names_of(session: Session, ids: Sequence[str]) -> dict[str, str]:
    """The names behind pseudonyms, those that are known."""
    return {row.id: row.name for row in session.scalars(select(Staff).where(Staff.id.in_(ids)))}


def _hash(secret: str) -> str:
    """Random secrets of 256 bits need no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()
