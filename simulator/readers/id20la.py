"""The frame of an ID-12LA or ID-20LA: an RDM6300's with a carriage return and a line feed before its end."""

from simulator.readers import rdm6300


def frame(number: str) -> bytes:
    """The 16 bytes for a badge number of ten hex digits."""
    return rdm6300.frame(number)[:-1] + b"\r\n\x03"
