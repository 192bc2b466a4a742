"""See that the programs the tests drive are on this machine: install them as root on Debian, name them elsewhere."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

# Program to find -> Debian package that brings it.
PACKAGES = {"mosquitto": "mosquitto", "chromium": "chromium", "initdb": "postgresql"}
# Where Debian puts what is not on everybody's PATH.
ELSEWHERE = ("/usr/sbin/{}", "/usr/lib/postgresql/*/bin/{}")


def is_present(program: str) -> bool:
    """Whether the program is installed, on the PATH or where Debian puts it."""
    patterns = (pattern.format(program).lstrip("/") for pattern in ELSEWHERE)
    return shutil.which(program) is not None or any(any(Path("/").glob(pattern)) for pattern in patterns)


def is_debian() -> bool:
    """Whether this machine installs from Debian (Raspberry Pi OS says so too)."""
    try:
        return "ID=debian" in Path("/etc/os-release").read_text().splitlines() and shutil.which("apt-get") is not None
    except OSError:
        return False


def apt(*arguments: str) -> bool:
    """Run apt-get without questions and without its talk; say what went wrong if it fails."""
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    command = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300", *arguments]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if result.returncode:
        sys.stderr.write(result.stdout + result.stderr)
    return result.returncode == 0


def main() -> None:
    """Install or name what is missing; the tests that need it skip (with CI=true: fail) and say so."""
    missing = [package for program, package in PACKAGES.items() if not is_present(program)]
    if not missing:
        return
    if is_debian() and os.geteuid() == 0:
        print(f"installing {', '.join(missing)} with apt-get", flush=True)
        if apt("update") and apt("install", "--yes", "--no-install-recommends", *missing):
            return
    print(f"Missing: {', '.join(missing)}. Tests that need them are skipped; as root on Debian make installs them.")


if __name__ == "__main__":
    main()
