"""A disk that takes nothing any more, for real: doors open, entries wait in memory, and all arrive in the end."""

import resource
from typing import Any

from controller.state_copy import COPY_NAME

# The program on a disk that is full from its first moment on.
FULL = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
from controller.__main__ import main
main()
"""


def writes(world: Any, allowed: bool) -> None:
    """The kernel refuses, or allows, every write of the controller to a file."""
    size = resource.RLIM_INFINITY if allowed else 1
    resource.prlimit(world.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def test_people_get_their_belongings_while_the_disk_takes_nothing_and_nothing_is_lost(world: Any) -> None:
    world.join(world.gateway.grant("valid", 3, 5), world.gateway.grant("other", 4))
    writes(world, allowed=False)
    world.bench.tap("valid")
    assert world.unlocked(1) == [3]
    world.bench.tap("stranger")
    world.gateway.wait(lambda: {"source": "journal", "code": "late"} in world.status()["faults"])
    world.gateway.wait(lambda: world.status()["waiting_in_memory"] >= 2)
    world.gateway.access(world.gateway.grant("valid", 5))  # a revocation must act even on a broken disk
    world.gateway.wait(lambda: world.status()["list_version"] == world.gateway.version)
    world.gateway.wait(lambda: {"source": "access_list", "code": "not_durable"} in world.status()["faults"])
    writes(world, allowed=True)
    world.gateway.stored("journal_late", 2, 20)
    world.gateway.stored("badge_refused", 1, 20)
    world.gateway.wait(lambda: world.status()["queue"] == 0, 20)
    (intended,) = world.gateway.entries("release_intended")
    assert intended.body["locker"] == 3
    assert len(world.gateway.entries("badge_refused")) == 1
    world.gateway.wait(lambda: world.status()["waiting_in_memory"] == 0)
    world.gateway.wait(lambda: not any(fault["source"] == "journal" for fault in world.status()["faults"]), 20)
    assert len(world.gateway.entries("started")) == 1, "the chain goes on in the same epoch"


def test_a_disk_that_is_full_when_the_controller_starts_again_shuts_nobody_out(world: Any) -> None:
    """Where somebody restarts what stands on a full disk: the log is gone then, and there is no room for its index."""
    world.join(world.gateway.grant("valid", 3))
    assert world.end() == 0
    world.broker.kill()
    (world.data / COPY_NAME).unlink(missing_ok=True)  # with little room left there is none, or an old one
    world.start("-c", FULL)
    world.bench.tap("valid")
    assert world.unlocked(1) == [3]
    writes(world, allowed=True)
    world.broker.start()
    world.gateway.stored("journal_late", 1, 30)
    world.gateway.wait(lambda: world.status()["queue"] == world.status()["waiting_in_memory"] == 0, 20)
    epochs = {entry.epoch: entry for entry in world.gateway.entries("started")}
    assert [entry.body["previous_epoch"] in {None, *epochs} for entry in epochs.values()] == [True, True]
