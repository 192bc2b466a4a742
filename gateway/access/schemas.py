"""Commands and reconciliation as the API gives them."""

from typing import Any

import msgspec
from pydantic import Field

from gateway.access.commands import state_of
from gateway.access.models import CommandRecord
from gateway.access.out_of_service import ServiceReason
from gateway.access.reconcile import Differences
from gateway.edge import Schema


class StepOut(Schema):
    """One step of a command's life: at the bank (`at`), and when word of it came (`received_at`)."""

    state: str
    why: str | None
    at: int
    received_at: int


class CommandOut(Schema):
    """An order: requested, accepted, released, then opened, not_opened, already_open or unknown; or refused (`why`).

    `no_answer`: the bank said nothing. `issued_as` is another id where it was issued again for a newer session.
    """

    id: str
    issued_as: str
    bank: str
    kind: str
    locker: int | None
    reason: str
    requested_at: int
    state: str
    why: str | None
    steps: list[StepOut]


class OutOfServiceIn(Schema):
    """Why a locker is out of service; `stops_until` (within 24 hours) only where its holder's badge is stopped, too."""

    reason: ServiceReason = Field(examples=["lock"])
    stops_until: int | None = Field(None, ge=0, le=2**53, description="unix milliseconds")


class DecideIn(Schema):
    """`unseen`: decide although the bank could not send its list."""

    unseen: bool = False


class DifferencesOut(Schema):
    """What the bank follows and what this gateway would send instead; null fields while it has not answered."""

    held: bool
    reported: bool
    version: int | None = None
    issued_at: int | None = None
    only_bank: list[dict[str, Any]] = Field(default=[], description="live grants that would vanish")
    only_gateway: list[dict[str, Any]] = Field(default=[], description="grants the bank does not have")
    changed: list[dict[str, Any]] = Field(default=[], description="the same grant `at_bank` and `here`")
    suspended_at_bank: list[dict[str, Any]] = Field(default=[], description="suspensions that would end")
    ended_at_bank: list[dict[str, Any]] = Field(default=[], description="grants ended there that would open again")
    revoked_at_bank: list[dict[str, Any]] = Field(default=[], description="revocations that are carried over")


def command_out(asked: CommandRecord, latest: CommandRecord, now: int) -> CommandOut:
    """The command that was asked for, in the state of the one issued in its place."""
    return CommandOut(
        id=asked.id,
        issued_as=latest.id,
        bank=asked.bank_id,
        kind=asked.kind,
        locker=asked.locker,
        reason=asked.reason,
        requested_at=asked.requested_at,
        state=state_of(latest, now),
        why=latest.why,
        steps=[
            StepOut(state=step.state, why=step.why, at=step.at, received_at=step.received_at)
            for record in ((asked,) if asked is latest else (asked, latest))
            for step in record.steps
        ],
    )


def differences_out(held: bool, found: Differences | None) -> DifferencesOut:
    """Lines as they stand in the lists, without the keyed hashes of badges and PINs."""
    if found is None:
        return DifferencesOut(held=held, reported=False)
    return DifferencesOut(
        held=held,
        reported=True,
        version=found.version,
        issued_at=found.issued_at,
        only_bank=[_line(grant) for grant in found.only_bank],
        only_gateway=[_line(grant) for grant in found.only_gateway],
        changed=[{"at_bank": _line(theirs), "here": _line(ours)} for theirs, ours in found.changed],
        suspended_at_bank=[_line(grant) for grant in found.suspended_at_bank],
        ended_at_bank=[_line(grant) for grant in found.ended_at_bank],
        revoked_at_bank=[_line(line) for line in found.revoked_at_bank],
    )


def _line(line: Any) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(line)
    for hashed in ("digest", "pin"):
        plain.pop(hashed, None)
    return plain
