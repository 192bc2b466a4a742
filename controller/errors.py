"""What can go wrong in the controller; `code` is stable and fit for a counter, the text says what to do."""

from dataclasses import dataclass


class ControllerError(Exception):
    """Base of every error of this package."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file: its line (from 1), the key, what is wrong and what is allowed."""

    line: int
    key: str
    message: str


class ConfigError(ControllerError):
    """The bank's TOML file cannot be used; `problems` are all that was found, in the order of the file."""

    def __init__(self, file: str, problems: list[Problem]) -> None:
        self.file = file
        self.problems = sorted(problems, key=lambda problem: problem.line)
        lines = [f"{file}:{each.line}: {each.key + ': ' if each.key else ''}{each.message}" for each in self.problems]
        super().__init__("config", "\n".join(lines))


class TrustError(ControllerError):
    """A trust document, key message or signature was refused: `root`, `controller`, `version`, `sealed`, ..."""


class JournalError(ControllerError):
    """The journal cannot be opened, read or written: `corrupt`, `full`, `readonly`, `broken`, `locked`."""


class LinkError(ControllerError):
    """The connection to the broker failed: `lost`, `subscribe`, `tls`. It is tried again."""


class NotAcceptedError(LinkError):
    """No broker has accepted CONNECT, and none will: it was not sent, or was refused. Nobody has this Will."""


class ControlError(ControllerError):
    """A tool could not act through the running controller: `not_running`, `request`, `root`, `user`."""


class NoAnswerError(ControlError):
    """`not_running`, although somebody may listen: what was asked may be done, or may not."""


class TransitionError(ControllerError):
    """A locker's control state has no transition for this event; nothing was changed. A defect, never an input."""

    def __init__(self, state: str, event: str) -> None:
        super().__init__(
            "transition", f"a locker that is {state} knows no {event}: see TRANSITIONS in controller/bay.py"
        )
        self.state = state
        self.event = event
