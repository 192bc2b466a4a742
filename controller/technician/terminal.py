"""How the commands speak: sentences and tables for people, JSON for programs, an exit code for every mistake."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, ParamSpec

import typer
from rich.console import Console

from controller.config import BankFile
from controller.errors import ConfigError, ControlError, ControllerError
from controller.exit_codes import CONFIG, FAILED, NOT_RUNNING
from hw.errors import FrameError
from wire.errors import KeyMaterialError

P = ParamSpec("P")
Config = Annotated[Path, typer.Option("--config", help="The bank's TOML file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def say(text: str, style: str = "") -> None:
    """One sentence to standard output."""
    Console(soft_wrap=True, highlight=False).print(text, markup=False, style=style)


def complain(text: str) -> None:
    """One sentence to standard error."""
    Console(stderr=True, soft_wrap=True, highlight=False).print(text, markup=False, style="red")


def print_json(value: Mapping[str, Any] | Sequence[Any]) -> None:
    """One JSON value on a line of its own."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def ask(bank: BankFile, request: Mapping[str, Any]) -> dict[str, Any]:
    """The running controller's answer. Raises ControlError."""
    from controller import control_socket

    return control_socket.ask(bank.data_dir, request)


def plainly(command: Callable[P, None]) -> Callable[P, None]:
    """A person's mistake is a sentence and an exit code, never a traceback."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except (ControllerError, FrameError, KeyMaterialError) as error:
            complain(str(error))
            raise typer.Exit(_exit_code(error)) from error
        except BrokenPipeError as error:  # whoever read our output has had enough
            sys.stderr.close()
            raise typer.Exit(FAILED) from error
        except OSError as error:
            complain(f"{error.filename or 'the system'}: {error.strerror}")
            raise typer.Exit(FAILED) from error

    return wrapped


def _exit_code(error: ControllerError | FrameError | KeyMaterialError) -> int:
    if isinstance(error, ConfigError | FrameError):
        return CONFIG
    if isinstance(error, KeyMaterialError):
        return CONFIG if error.code in ("token", "key") else FAILED
    return NOT_RUNNING if isinstance(error, ControlError) and error.code == "not_running" else FAILED
