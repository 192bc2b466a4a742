"""What can be wrong with a request, an action or the gateway's own setting-up; one base, stable codes."""

from typing import Any


class GatewayError(Exception):
    """Base of every refusal here: `code` is stable, the text says what is wrong and what to do next."""

    def __init__(self, code: str, text: str, **facts: Any) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.facts = facts


class NotFoundError(GatewayError):
    """There is nothing of that name or number."""


class InvalidError(GatewayError):
    """The values given cannot be right, whatever else is stored."""


class ConflictError(GatewayError):
    """The values are fine alone but not with what is stored; nothing was changed."""


class OfflineError(GatewayError):
    """The bank is not heard, or is held until reconciled; nothing was sent."""


class SignInError(GatewayError):
    """Not signed in, or the sign-in was refused."""


class ForbiddenError(GatewayError):
    """Signed in, but this is not allowed."""


class TooManyAttemptsError(GatewayError):
    """Slow down: `facts["retry_after_s"]` says for how long."""


class NotReadyError(GatewayError):
    """The database or its migrations are not in a state to work with."""


class SettingsError(GatewayError):
    """A setting is wrong; the text names the variable or the line of the file."""
