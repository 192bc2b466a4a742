"""Tools act through the running controller: a unix socket of its data directory, one JSON object a line each way.

It has a name and no file (unix(7), abstract): tools reach a controller whose card is read-only or full, too.
"""

import asyncio
import contextlib
import hashlib
import json
import os
import socket
import struct
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from controller.errors import ControlError, ControllerError, NoAnswerError
from wire.errors import WireError

_MAX_LINE = 4_096
_CREDENTIALS = struct.Struct("3i")  # process, user, group: SO_PEERCRED of unix(7)
_ROOT = 0
_STRANGER = {"ok": False, "code": "user", "error": "ask as root: sudo, and the same again"}
_ANSWER_WITHIN_S = 5.0
Answer = Callable[[Mapping[str, Any]], AsyncGenerator[Mapping[str, Any], None]]


def address(data_dir: Path) -> str:
    """Where the controller of this directory listens, whatever the directory is called from where a tool stands."""
    return f"\0casier-{hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()[:32]}"


def _user_of(conversation: socket.socket) -> int:
    """Who is at the other end."""
    _, user, _ = _CREDENTIALS.unpack(conversation.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return int(user)


def _is_controller(user: int, data_dir: Path) -> bool:
    """Whether that user may run it. Whoever may not see the folder does not know, and is refused by the controller."""
    try:
        return user in (_ROOT, os.geteuid(), data_dir.stat().st_uid)
    except PermissionError:
        return True


async def serve(data_dir: Path, answer: Answer) -> asyncio.Server:
    """Answer one request `{"do": ...}` a connection with the lines that `answer` gives, then close it.

    Root and the controller's own user are answered, nobody else. What is wrong with a request becomes `error`; a tool
    that hangs up ends its stream. Raises OSError where another process has the address.
    """

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError, ValueError, asyncio.CancelledError):  # cancelled when the bank stops
                if _user_of(writer.get_extra_info("socket")) in (_ROOT, os.geteuid()):
                    await _until_gone(reader, _tell(await reader.readline(), answer, writer))
                else:
                    await _write(writer, _STRANGER)
        finally:
            writer.close()

    return await asyncio.start_unix_server(converse, address(data_dir), limit=_MAX_LINE)


async def _until_gone(reader: asyncio.StreamReader, telling: Coroutine[Any, Any, None]) -> None:
    """Tell until all is said or the tool has hung up."""
    tasks = {asyncio.ensure_future(telling), asyncio.ensure_future(reader.read(1))}
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _tell(line: bytes, answer: Answer, writer: asyncio.StreamWriter) -> None:
    try:
        request = msgspec.json.decode(line)  # half a character, which json lets pass, cannot be journaled
        async with contextlib.aclosing(answer(request if isinstance(request, dict) else {})) as lines:
            async for said in lines:
                await _write(writer, {"ok": True, **said})
    except (ControllerError, WireError) as error:
        await _write(writer, {"ok": False, "code": error.code, "error": str(error)})
    except ValueError as error:
        await _write(writer, {"ok": False, "code": "request", "error": str(error)})
    except (TypeError, KeyError, OverflowError, RecursionError):
        await _write(
            writer, {"ok": False, "code": "request", "error": "the controller does not understand this request"}
        )


async def _write(writer: asyncio.StreamWriter, said: Mapping[str, Any]) -> None:
    writer.write(json.dumps(said).encode() + b"\n")
    await writer.drain()


def ask(data_dir: Path, request: Mapping[str, Any]) -> dict[str, Any]:
    """The running controller's one answer.

    Raises ControlError: the code it answered, or `not_running`: a NoAnswerError, unless it is sure that nobody listens.
    """
    with contextlib.closing(follow(data_dir, request, _ANSWER_WITHIN_S)) as answers:
        for answer in answers:
            return answer
    raise NoAnswerError("not_running", "the controller gave no answer")


def follow(
    data_dir: Path, request: Mapping[str, Any], within_s: float | None = None, *, for_s: float | None = None
) -> Generator[dict[str, Any], None, None]:
    """The lines of the running controller's answer as they come, `within_s` of each other where that is given.

    With `for_s` they end after so long in all, in the middle of a stream. Raises ControlError as `ask`, also in the
    middle. Close the generator to hang up.
    """
    until = None if for_s is None else time.monotonic() + for_s
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as conversation:
            conversation.settimeout(within_s)
            conversation.connect(address(data_dir))
            if not _is_controller(_user_of(conversation), data_dir):
                raise ControlError(
                    "not_running",
                    f"another user's program answers in place of the controller of {data_dir}: end it, and restart the "
                    "controller",
                )
            conversation.sendall(json.dumps(request).encode() + b"\n")
            with conversation.makefile("rb") as lines:
                while line := _next_line(conversation, lines, until):
                    yield _checked(json.loads(line))
    except (OSError, ValueError) as error:
        nobody = isinstance(error, FileNotFoundError | ConnectionRefusedError)
        kind = ControlError if nobody else NoAnswerError
        raise kind("not_running", f"no controller answers in {data_dir}: is it running?") from error


def _next_line(conversation: socket.socket, lines: BinaryIO, until: float | None) -> bytes:
    """One more line; none at the end, which `until` (monotonic) may be."""
    if until is None:
        return lines.readline()
    conversation.settimeout(max(until - time.monotonic(), 0.001))
    try:
        return lines.readline()
    except TimeoutError:
        return b""


def _checked(answer: dict[str, Any]) -> dict[str, Any]:
    if not answer.pop("ok", False):
        raise ControlError(answer.get("code", "not_running"), answer.get("error", "the controller gave no answer"))
    return answer
