"""Tools act through the running controller: a unix socket in its data directory, one JSON object a line each way."""

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from controller.errors import ControlError, ControllerError
from wire.errors import WireError

NAME = "control.sock"
_MAX_LINE = 4_096
_ANSWER_WITHIN_S = 5.0
Answer = Callable[[Mapping[str, Any]], Mapping[str, Any]]


@contextlib.contextmanager
def _short(path: Path) -> Iterator[str]:
    """A name for `path` that fits a socket address (107 bytes), however deep the directory."""
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)


async def serve(data_dir: Path, answer: Answer) -> asyncio.Server:
    """Answer requests `{"do": ...}` with what `answer` returns; what is wrong with one becomes `error`."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.LimitOverrunError, ValueError):
            while line := await reader.readline():
                writer.write(json.dumps(_answered(line, answer)).encode() + b"\n")
                await writer.drain()
        writer.close()

    path = data_dir / NAME
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with _short(path) as name:
        listener.bind(name)
    path.chmod(0o600)
    listener.setblocking(False)
    return await asyncio.start_unix_server(converse, sock=listener, limit=_MAX_LINE)


def _answered(line: bytes, answer: Answer) -> Mapping[str, Any]:
    try:
        request = json.loads(line)
        return {"ok": True, **answer(request if isinstance(request, dict) else {})}
    except (ControllerError, WireError) as error:
        return {"ok": False, "code": error.code, "error": str(error)}
    except ValueError as error:
        return {"ok": False, "code": "request", "error": str(error)}
    except (TypeError, KeyError, OverflowError, RecursionError):
        return {"ok": False, "code": "request", "error": "the controller does not understand this request"}


def ask(data_dir: Path, request: Mapping[str, Any]) -> dict[str, Any]:
    """The running controller's answer. Raises ControlError: `not_running`, or the code it answered."""
    path = data_dir / NAME
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as conversation:
            conversation.settimeout(_ANSWER_WITHIN_S)
            with _short(path) as name:
                conversation.connect(name)
            conversation.sendall(json.dumps(request).encode() + b"\n")
            with conversation.makefile("rb") as answers:
                answer = json.loads(answers.readline() or b"{}")
    except (OSError, ValueError) as error:
        raise ControlError("not_running", f"no controller answers in {data_dir}: is it running?") from error
    if not answer.get("ok"):
        raise ControlError(answer.get("code", "not_running"), answer.get("error", "the controller gave no answer"))
    del answer["ok"]
    return dict(answer)
