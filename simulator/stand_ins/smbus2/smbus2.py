"""Stands in for the library smbus2, on a simulated bus: the calls of our drivers, and the errors of Linux.

`SMBus(path)` opens the socket of a simulated bus (simulator/i2c.py) that stands where a Pi has /dev/i2c-1.
"""

import os
import socket
from pathlib import Path

ANSWER_WITHIN_S = 5.0


class SMBus:
    """One open bus. Every transfer raises OSError, as the kernel says: EREMOTEIO where no chip acknowledges."""

    def __init__(self, bus: int | str | None = None, force: bool = False) -> None:
        self.force = force
        self._connection: socket.socket | None = None
        if bus is not None:
            self.open(bus)

    def open(self, bus: int | str) -> None:
        """Open the bus. Raises FileNotFoundError for a path that is not there."""
        path = f"/dev/i2c-{bus}" if isinstance(bus, int) else bus
        Path(path).stat()
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(ANSWER_WITHIN_S)
        try:
            connection.connect(path)
        except OSError:
            connection.close()
            raise
        self._connection = connection

    def close(self) -> None:
        """Close the bus."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def write_byte_data(self, i2c_addr: int, register: int, value: int, force: bool | None = None) -> None:  # noqa: ARG002 - smbus2's call
        self._transfer(f"write {i2c_addr} {register} {value:02x}")

    def write_word_data(self, i2c_addr: int, register: int, value: int, force: bool | None = None) -> None:  # noqa: ARG002 - smbus2's call
        self._transfer(f"write {i2c_addr} {register} {value.to_bytes(2, 'little').hex()}")

    def read_byte_data(self, i2c_addr: int, register: int, force: bool | None = None) -> int:  # noqa: ARG002 - smbus2's call
        return bytes.fromhex(self._transfer(f"read {i2c_addr} {register} 1"))[0]

    def read_word_data(self, i2c_addr: int, register: int, force: bool | None = None) -> int:  # noqa: ARG002 - smbus2's call
        return int.from_bytes(bytes.fromhex(self._transfer(f"read {i2c_addr} {register} 2")), "little")

    def _transfer(self, request: str) -> str:
        if self._connection is None:
            raise OSError("the bus is not open")
        self._connection.sendall(request.encode("ascii") + b"\n")
        answer = b""
        while not answer.endswith(b"\n"):
            more = self._connection.recv(4096)
            if not more:
                raise ConnectionResetError("the simulated bus hung up")
            answer += more
        text = answer.decode("ascii").strip()
        if text.startswith("error "):
            number = int(text.removeprefix("error "))
            raise OSError(number, os.strerror(number))
        return text
