"""Everything that can go wrong in hw, under one base."""

from __future__ import annotations

Path = tuple[str | int, ...]


class HardwareError(Exception):
    """Base of all errors of this package."""


class SettingsError(HardwareError):
    """A device's settings are wrong. `path` leads to the key inside the device's own TOML table (empty: the table)."""

    def __init__(self, path: Path, message: str) -> None:
        super().__init__(message)
        self.path = path
        self.message = message


class ReleaseForbidden(HardwareError):  # noqa: N818 - the guard's word, not a defect
    """The release guard says no.

    `reason`: `unknown_coil`, `pulse_length`, `rest`, `duty`, `group_busy`, `permit_missing`, `permit_spent`,
    `permit_late`, `permit_mismatch`, `forbidden_frame`.
    `retry_after_ms`: when asking again can succeed; 0 where waiting does not help.
    """

    def __init__(self, reason: str, message: str, retry_after_ms: int = 0) -> None:
        super().__init__(message)
        self.reason = reason
        self.retry_after_ms = retry_after_ms


class FrameError(HardwareError):
    """A frame that must not or cannot be built, such as an address off the board."""


class LineClosed(HardwareError):  # noqa: N818 - a state of the line, named as such
    """The serial port is not open; nothing was written."""


class KeyUnusable(HardwareError):  # noqa: N818 - a state of the file, named as such
    """A key file cannot be used. `code` is the fault to report: `missing`, `permission` or `failed`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class PinsUnavailable(HardwareError):  # noqa: N818 - a state of the machine, named as such
    """No GPIO pins can be had here. `code` is the fault to report: `missing`, `permission`, `in_use` or `failed`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
