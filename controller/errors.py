"""What can go wrong in the controller; `code` is stable and fit for a counter, the text says what to do."""


class ControllerError(Exception):
    """Base of every error of this package."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class ConfigError(ControllerError):
    """The bank's TOML file cannot be used; `problems` holds one line each, with its place in the file."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("config", "\n".join(problems))
        self.problems = problems


class TrustError(ControllerError):
    """A trust document, key message or signature was refused: `root`, `controller`, `version`, `sealed`, ..."""


class JournalError(ControllerError):
    """The journal cannot be opened, read or written: `corrupt`, `full`, `readonly`, `broken`, `locked`."""


class ControlError(ControllerError):
    """A tool could not act through the running controller: `not_running`, `request`."""
