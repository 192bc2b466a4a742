"""What the technician's tools may ask of the running controller, through the control socket."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Annotated, Any, TypeVar

import msgspec

from controller.bank_view import fault_lines
from controller.errors import ControlError
from controller.inputs import IdentifyOrdered, OpenOrdered
from controller.live import shown_body
from controller.runtime import Runtime
from controller.trust import ROOT_NAME, read_root
from wire.entries import decode_entry
from wire.ids import uuid7
from wire.messages import LockerNumber

Line = Mapping[str, Any]
# The last word on an order; after `accepted` and `released` more follows.
_LAST = frozenset({"opened", "not_opened", "already_open", "unknown", "failed", "expired", "refused"})
# Longer than any release with its retries; whatever happens, a tool is not left hanging.
_OUTCOME_WITHIN_S = 90.0
_REFUSALS = {
    "locker": "this bank has no such locker",
    "held": "someone holds this locker: it opens on the spot only for holder_present, someone_inside or emergency",
    "busy": "this locker is being opened already: wait a moment, then ask again",
    "reason": "unknown reason: holder_present, someone_inside, emergency, maintenance, commissioning, inspection, "
    "leave_mail",
}


class _Open(msgspec.Struct, frozen=True):
    locker: LockerNumber
    reason: Annotated[str, msgspec.Meta(max_length=64)]
    by: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.-]{1,64}$", description="a code, never a name")]


class _Identify(msgspec.Struct, frozen=True):
    seconds: Annotated[int, msgspec.Meta(ge=1, le=300)] = 10
    locker: LockerNumber | None = None


class _Events(msgspec.Struct, frozen=True):
    after: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,15}\.[0-9]{1,15}$")] | None = None
    count: Annotated[int, msgspec.Meta(ge=1, le=500)] = 50


class _TimeSet(msgspec.Struct, frozen=True):
    at: int


R = TypeVar("R", bound=msgspec.Struct)


class Orders:
    """Answers one request at a time, each in one line or in several as things happen."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._answers: Mapping[str, Callable[[Line], Awaitable[Line]]] = {
            "status": self._status,
            "time_set": self._time_set,
            "all_off": self._all_off,
            "trust": self._trust,
            "identify": self._identify,
            "events": self._events,
        }
        self._streams: Mapping[str, Callable[[Line], AsyncGenerator[Line, None]]] = {
            "open": self._open,
            "watch": self._watch,
        }

    async def answer(self, request: Line) -> AsyncGenerator[Line, None]:
        """The lines of an answer. Raises ControlError, or ValueError for a value out of bounds."""
        order = str(request.get("do"))
        if order in self._streams:
            async for line in self._streams[order](request):
                yield line
        elif order in self._answers:
            yield await self._answers[order](request)
        else:
            raise ControlError("request", f"the controller knows {', '.join((*self._answers, *self._streams))}")

    async def _status(self, _request: Line) -> Line:
        runtime = self._runtime
        now, uplink = runtime.now(), runtime.uplink
        return {
            "controller": runtime.config.controller,
            "connected": uplink is not None and uplink.connected,
            "session": uplink.session.number if uplink is not None and uplink.session else None,
            "clock": now.clock,
            "at": now.at,
            "list_version": runtime.bank.list_version,
            "trust_version": runtime.trust.trust_version,
            "rooted": runtime.trust.has_root,
            "badge_keys": list(runtime.bank.badge_key_ids),
            "queue": runtime.queue,
            "waiting_in_memory": runtime.journal.waiting,
            "faults": fault_lines(runtime.faults),
            "counters": dict(runtime.bank.counters),
        }

    async def _time_set(self, request: Line) -> Line:
        self._runtime.set_time(_read(request, _TimeSet).at)
        now = self._runtime.now()
        return {"clock": now.clock, "at": now.at}

    async def _all_off(self, _request: Line) -> Line:
        self._runtime.hardware.all_off()
        return {}

    async def _trust(self, _request: Line) -> Line:
        runtime = self._runtime
        try:
            root = read_root(runtime.config.data_dir)
        except OSError as error:
            told = (
                f"the running controller cannot read {ROOT_NAME} ({error.strerror}): it belongs to the service's user"
            )
            raise ControlError("root", f"{told}, so run this as that user") from error
        runtime.trust.replace_root(root)
        runtime.alarm("trust", "no_root", present=not runtime.trust.has_root)
        if runtime.uplink is not None:
            runtime.uplink.again()
        return {}

    async def _identify(self, request: Line) -> Line:
        order = _read(request, _Identify)
        if order.locker is not None and order.locker not in self._runtime.config.lockers:
            raise ControlError("locker", _REFUSALS["locker"])
        self._runtime.feed(IdentifyOrdered(order.seconds, order.locker))
        return {}

    async def _events(self, request: Line) -> Line:
        order = _read(request, _Events)
        after = None
        if order.after is not None:
            after_no, _, after_seq = order.after.partition(".")
            after = int(after_no), int(after_seq)
        rows = await self._runtime.journal.entries(after, order.count)
        entries = []
        for no, seq, line in rows:
            entry = decode_entry(line)
            entries.append(
                {
                    "no": no, "epoch": entry.epoch, "seq": seq, "type": entry.type, "at": entry.at,
                    "mono_ms": entry.mono_ms, "clock": entry.clock, "body": shown_body(entry.body),
                }
            )  # fmt: skip
        return {"next": f"{rows[-1][0]}.{rows[-1][1]}" if rows else order.after, "entries": entries}

    async def _open(self, request: Line) -> AsyncGenerator[Line, None]:
        """The life of one opening. A tool that hangs up meanwhile stops listening, not the opening."""
        order, runtime = _read(request, _Open), self._runtime
        command = uuid7(runtime.now().at)
        with runtime.hears(command) as steps:
            runtime.feed(OpenOrdered(command, order.locker, order.reason, order.by))
            async with asyncio.timeout(_OUTCOME_WITHIN_S):
                step = await steps.get()
                if step.state == "refused" and step.why in _REFUSALS:
                    raise ControlError(step.why, _REFUSALS[step.why])
                while True:
                    said = {"command": command, "locker": order.locker, "state": step.state, "why": step.why}
                    yield {name: value for name, value in said.items() if value is not None}
                    if step.state in _LAST:
                        return
                    step = await steps.get()

    async def _watch(self, _request: Line) -> AsyncGenerator[Line, None]:
        async for line in self._runtime.live.watch():
            yield line


def _read(request: Line, kind: type[R]) -> R:
    try:
        return msgspec.convert(request, kind)
    except msgspec.ValidationError as error:
        raise ControlError("request", f"the request is not understood: {error}") from error
