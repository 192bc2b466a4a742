"""The accounts of staff as they know them: how they come in, and whose are closed since when."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy.orm import Session

from gateway.staff import service as accounts

PASSWORD = "the same for everyone"  # noqa: S105 - it opens nothing but this world


@dataclass(slots=True)
class Account:
    """`token`: what its owner acts with; `cookie`: a browser that was signed in, and never out.

    Once it is closed: when, by the audit record `closed_after`, and the `successor` who took over.
    """

    id: str
    email: str
    organisation: str
    role: str
    token: str
    cookie: str = ""
    closed_at: int | None = None
    closed_after: int = 0
    successor: str | None = None
    lost: bool = False

    @property
    def is_open(self) -> bool:
        """Whether whoever has it may come in."""
        return self.closed_at is None and not self.lost


def open_account(session: Session, role: str, name: str, organisation: str, *, actor: str, now: int) -> Account:
    """A new one, with its token."""
    email = f"{name.replace(' ', '.')}@city.example"
    with _quick_passwords():
        made = accounts.add_staff(
            session, email=email, name=name, password=PASSWORD, role=role, organisation_id=organisation or None,
            actor=actor, now=now,
        )  # fmt: skip
    token = accounts.add_token(session, made.id, name, actor=actor, now=now)
    return Account(made.id, email, organisation, role, token)


@contextmanager
def _quick_passwords() -> Iterator[None]:
    """Argon2 as ever, but not slow on purpose."""
    before = accounts._passwords
    accounts._passwords = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    try:
        yield
    finally:
        accounts._passwords = before
