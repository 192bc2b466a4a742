"""Every error the simulator raises on purpose; each message says what is wrong and what to do next."""

from collections.abc import Iterable


class SimulatorError(Exception):
    """Base of all the simulator's errors."""


class UnknownNameError(SimulatorError):
    """Something was asked for by a name that does not exist; `known` lists the names that do."""

    def __init__(self, what: str, name: object, known: Iterable[object]) -> None:
        self.what = what
        self.known = [str(each) for each in known]
        super().__init__(f"there is no {what} {name!r} here; there are: {', '.join(self.known) or 'none'}")


class NotPossibleError(SimulatorError):
    """The physical thing asked for cannot happen now, such as pulling open a latched door."""


class NotAvailableError(SimulatorError):
    """This simulator has no part that could do what was asked (no supervisor, no such hardware)."""


class MissingValueError(SimulatorError):
    """A request lacks a value it needs, such as the number of a door."""


class InvalidPlanError(SimulatorError):
    """A bank's description contradicts itself or the hardware it describes."""


class PortTakenError(SimulatorError):
    """A TCP port that a page needs is in use."""

    def __init__(self, host: str, port: int, variable: str) -> None:
        super().__init__(f"port {port} on {host} is taken: stop the program that uses it, or set {variable} to another")


class LineError(SimulatorError):
    """A pin request the simulated Pi refuses; `code` travels over the socket to the client."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


class ProgramFailedError(SimulatorError):
    """A program of the site did not start to serve."""

    def __init__(self, name: str, log: object) -> None:
        super().__init__(f"{name} did not start: see {log}")


class PiGoneError(SimulatorError):
    """No simulated Pi serves the socket, or it hung up."""


class WorldError(SimulatorError):
    """The deterministic world was asked for what would make it another world: a thread, a socket, a wait for ever."""
