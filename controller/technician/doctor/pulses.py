"""`doctor --pulse`: opens each locker that nobody holds, once, through the running controller, and watches its door."""

from collections.abc import Iterator
from contextlib import closing

from controller.config import BankFile
from controller.errors import ControlError
from controller.technician.doctor.findings import Finding, broken, doubtful, well
from controller.technician.entries import MOST, after

REASON = "commissioning"
BY = "doctor"
ANSWER_WITHIN_S = 90.0  # a release waits its turn for up to a minute, and its door has retries
_OUTCOMES = {
    "not_opened": ("the bolt was released, the door did not open", "look at the bolt, the coil and the sensor"),
    "already_open": ("its sensor reads open before the release", "shut it, or look at the contact and its polarity"),
    "unknown": ("released; no sensor tells whether it opened", "wire a contact, or look with your own eyes"),
    "failed": ("the board did not confirm the release", "see the lines of its board above"),
    "expired": ("its turn did not come within a minute", "look whether the bank is busy, then try again"),
}


def judge(bank: BankFile) -> Iterator[Finding]:
    """A line for each locker, as it happens. Raises ControlError `not_running`."""
    for locker in sorted(bank.lockers):
        yield _pulse(bank, locker)


def _pulse(bank: BankFile, locker: int) -> Finding:
    what = f"release of locker {locker}"
    before, _ = after(bank, None, 1)
    try:
        state, why = _open(bank, locker)
    except ControlError as error:
        if error.code == "held":
            return well("release", what, "someone holds it: not touched")
        if error.code == "not_running":
            raise
        return broken("release", what, str(error), "try again in a minute")
    if state == "opened":
        return well("release", what, "its door opened")
    other = _opened_instead(bank, locker, before) if state == "not_opened" else None
    if other is not None:
        mend = "exchange their locks' wires or their numbers in the bank's file: casier-controller commission"
        return broken("release", what, f"the door of locker {other} opened instead", mend)
    text, mend = _OUTCOMES.get(state, (state, "look at the controller's log"))
    found = doubtful if state in ("already_open", "unknown") else broken
    return found("release", what, f"{text} ({why})" if why else text, mend)


def _open(bank: BankFile, locker: int) -> tuple[str, str]:
    """The last word on the order, and why. Raises ControlError."""
    from controller.control_socket import follow

    order = {"do": "open", "locker": locker, "reason": REASON, "by": BY}
    state, why = "failed", ""
    with closing(follow(bank.data_dir, order, ANSWER_WITHIN_S)) as answers:
        for answer in answers:
            state, why = answer["state"], answer.get("why") or ""
    return state, why


def _opened_instead(bank: BankFile, locker: int, cursor: str | None) -> int | None:
    """The locker whose door opened in the place of this one, as the journal has it since."""
    for entry in after(bank, cursor, MOST)[1]:
        if entry["type"] == "wrong_door" and entry["body"].get("expected") == locker:
            return int(entry["body"]["locker"])
    return None
