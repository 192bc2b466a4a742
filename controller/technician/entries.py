"""The journal's entries for people on the spot: from the running controller, or from the disk of one that rests."""

import sqlite3
from typing import Any

from controller.config import BankFile
from controller.errors import ControlError, JournalError

MOST = 500  # in one answer


def after(bank: BankFile, cursor: str | None, count: int) -> tuple[str | None, list[dict[str, Any]]]:
    """Up to `count` entries behind the cursor (the newest without one), oldest first, and the cursor behind them.

    Raises ControlError.
    """
    from controller.control_socket import ask

    order: dict[str, Any] = {"do": "events", "count": min(count, MOST)}
    if cursor is not None:
        order["after"] = cursor
    answer = ask(bank.data_dir, order)
    return answer["next"], answer["entries"]


def on_disk(bank: BankFile, count: int) -> tuple[list[dict[str, Any]], bool]:
    """The newest `count` entries, oldest first, and whether the chain's end holds; the disk is only read.

    Raises JournalError `corrupt` where it cannot be.
    """
    from controller.journal import NAME
    from controller.live import shown_body
    from controller.store import Store
    from wire.entries import decode_entry
    from wire.errors import WireError

    path = bank.data_dir / NAME
    if not path.exists():
        return [], True
    try:
        store = Store(path, read_only=True)
        try:
            entries = [decode_entry(line) for line in store.newest_lines(count)]
            sound = store.broken_link() is None
        finally:
            store.close()
    except (sqlite3.Error, WireError) as error:
        raise JournalError("corrupt", f"the journal {path} cannot be read: {error}") from error
    shown = [
        {"epoch": e.epoch, "seq": e.seq, "type": e.type, "at": e.at, "clock": e.clock, "body": shown_body(e.body)}
        for e in entries
    ]
    return shown, sound


def newest(bank: BankFile, count: int) -> tuple[str | None, list[dict[str, Any]]]:
    """As `after` without a cursor; from the disk, without a cursor to go on from, where no controller runs."""
    try:
        return after(bank, None, count)
    except ControlError as error:
        if error.code != "not_running":
            raise
        return None, on_disk(bank, count)[0]
