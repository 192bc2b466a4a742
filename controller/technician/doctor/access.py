"""Whether the user of the service may use a device, also where the doctor is run by root, who may use everything."""

import grp
import os
import pwd
import stat
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

# deploy/systemd gives these to the service, whatever groups its user is in.
UNIT_GROUPS = ("dialout", "gpio", "i2c", "input")


@dataclass(frozen=True, slots=True)
class User:
    """A user of this machine, with all groups that the service runs with."""

    name: str
    uid: int
    gids: frozenset[int]


def service_user(data_dir: Path) -> User | None:
    """Who the service runs as: the owner of its directory. None where nobody can tell, or it is we ourselves."""
    try:
        owner = pwd.getpwuid(data_dir.stat().st_uid)
    except (OSError, KeyError):
        return None
    if owner.pw_uid == os.geteuid():
        return None
    given = {group.gr_gid for group in grp.getgrall() if group.gr_name in UNIT_GROUPS}
    return User(owner.pw_name, owner.pw_uid, frozenset({*os.getgrouplist(owner.pw_name, owner.pw_gid), *given}))


def barred(path: str, user: User) -> str | None:
    """Why `user` cannot read and write a device that exists; None if it can, or it does not exist."""
    try:
        found = Path(path).stat()
    except OSError:
        return None
    if may_use(found.st_mode, found.st_uid, found.st_gid, user.uid, user.gids):
        return None
    return f"user {user.name} may not use it ({stat.filemode(found.st_mode)}, group {found.st_gid})"


def may_use(mode: int, owner: int, group: int, uid: int, gids: Collection[int]) -> bool:
    """The kernel's rule for reading and writing, root apart."""
    shift = 6 if owner == uid else 3 if group in gids else 0
    return mode >> shift & 0o6 == 0o6
