"""The hash chain of the audit trail: each record's digest covers the one before, so nothing goes missing unseen."""

import hashlib
import json
from typing import Any

# What the first record follows.
START = "0" * 64


def link(previous: str, *, at: int, actor: str, action: str, subject: str, details: dict[str, Any]) -> str:
    """SHA-256, in hex, of the digest before and of the record as canonical JSON (sorted keys, no spaces, UTF-8)."""
    content = [previous, at, actor, action, subject, details]
    line = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(line.encode()).hexdigest()
