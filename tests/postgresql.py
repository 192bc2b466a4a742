"""Where this machine keeps PostgreSQL's programs: Debian has one folder a version, and none of them on the PATH."""

import shutil
from pathlib import Path

_VERSIONS = Path("/usr/lib/postgresql")


def programs() -> Path:
    """The folder of the newest version; where there is none, one that does not exist."""
    found = sorted((int(path.parts[-3]), path.parent) for path in _VERSIONS.glob("[0-9]*/bin/postgres"))
    if found:
        return found[-1][1]
    postgres = shutil.which("postgres")
    return Path(postgres).parent if postgres else _VERSIONS / "none"


POSTGRESQL = programs()
