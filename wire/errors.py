"""What can be wrong with something that came over the wire."""


class WireError(Exception):
    """Base of every refusal in this package; `code` is stable and fit for a counter, the text is for people."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class EnvelopeError(WireError):
    """The signed envelope is unreadable, too large, of another type, or not signed by an accepted key."""


class MessageError(WireError):
    """The payload verified but is not a message of its topic, or breaks a limit."""


class KeyMaterialError(WireError):
    """A key, key token or sealed key cannot be read."""
