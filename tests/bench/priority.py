"""Before whom the controller and the simulated hardware run, so that the figures are those of a deployed bank."""

import os
import subprocess
from contextlib import suppress
from functools import cache

# As deploy/systemd/casier-controller@.service has it.
_AS_DEPLOYED = ("chrt", "--rr", "1")


@cache
def as_deployed() -> tuple[str, ...]:
    """What the controller's command begins with: its priority, or nothing where this user may not give it."""
    try:
        allowed = subprocess.run([*_AS_DEPLOYED, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        allowed = False
    return _AS_DEPLOYED if allowed else ()


def like_hardware() -> None:
    """Let the calling thread wait for no program: a board and a reader have no processor to wait for."""
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(2))
