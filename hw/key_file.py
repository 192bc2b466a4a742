"""Secret keys of devices, each in a file of its own that only the service can read."""

from __future__ import annotations

import errno
import os
import re
import stat
from pathlib import Path

from hw.errors import KeyUnusable

KEY_BYTES = 16
_LONGEST = 256


def read_key(path: Path) -> bytes:
    """The 16 bytes of a key kept as 32 hex digits. Raises KeyUnusable, whose message never shows what is inside."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            text = file.read(_LONGEST)
    except OSError as error:
        code = {errno.ENOENT: "missing", errno.EACCES: "permission"}.get(error.errno or 0, "failed")
        raise KeyUnusable(code, f"key file {path}: {error.strerror}; {_ADVICE}") from error
    if not stat.S_ISREG(status.st_mode) or status.st_mode & 0o077:
        raise KeyUnusable("permission", f"key file {path} can be read by others: chmod 600 {path}")
    digits = b"".join(text.split())
    if not re.fullmatch(rb"[0-9A-Fa-f]{32}", digits):
        raise KeyUnusable("failed", f"key file {path} does not hold a key: {_ADVICE}")
    return bytes.fromhex(digits.decode("ascii"))


_ADVICE = (
    "it holds 32 hex digits, is mode 600 and the service's own; make one with "
    "umask 077; python3 -c 'import secrets; print(secrets.token_hex(16))' > FILE"
)
