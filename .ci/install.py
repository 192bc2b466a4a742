"""Install this checkout into .venv with the dependencies of one lock file; quick when it is already there.

Runs on whatever Python the machine has, so its syntax stays old enough to say that this Python is too old.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "casier-installed.json"
OLDEST = (3, 11)
NEWER_NAMES = ("python3.13", "python3.12", "python3.11")
# requirements/dev.txt holds everything of the other lock files, in the same versions (tests/unit/project).
EVERYTHING = "dev"


def why_unfit():
    """What is wrong with this Python and what to do, or None."""
    if sys.version_info < OLDEST:
        found = next((name for name in NEWER_NAMES if shutil.which(name)), None)
        advice = "make PYTHON=" + found if found else "install one, then make PYTHON=/path/to/it"
        version = ".".join(str(part) for part in sys.version_info[:2])
        return f"{sys.executable} is Python {version}; Casier needs 3.11 or later: {advice}"
    try:
        import ensurepip
        import venv
    except ImportError:
        return f"{sys.executable} has no venv module: install it first (Debian: apt-get install python3-venv)"
    del ensurepip, venv
    return None


def locks_for(lock):
    """The lock files that are installed together."""
    return [ROOT / "requirements" / (name + ".txt") for name in dict.fromkeys((lock, "build"))]


def digest_of(lock):
    """What the installation of `lock` depends on, as one hash."""
    parts = [path.read_bytes() for path in [*locks_for(lock), ROOT / "pyproject.toml"]]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def works():
    """Whether .venv is there and its Python runs."""
    try:
        return subprocess.run([str(VENV / "bin" / "python"), "-c", ""]).returncode == 0
    except OSError:
        return False


def is_installed(lock):
    """Whether .venv works and already holds this lock file's packages."""
    try:
        stamp = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return False
    held = stamp.get("lock")
    return held in (lock, EVERYTHING) and stamp.get("digest") == digest_of(held) and works()


def show(text, last=False):
    """One progress line: redrawn on a terminal, a line at the beginning and the end elsewhere."""
    if sys.stdout.isatty():
        print("\r\033[K" + text[:100], end="\n" if last else "", flush=True)
    elif last:
        print(text, flush=True)


def pip(*arguments):
    """Run pip in .venv; its talk becomes the progress line, its errors stay. Exits if it fails."""
    command = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--no-input", *arguments]
    environment = dict(os.environ, PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_ROOT_USER_ACTION="ignore")
    with tempfile.TemporaryFile("w+") as errors:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment) as process:
            for line in process.stdout:
                words = line.split()
                if len(words) > 1 and words[0] in ("Collecting", "Downloading", "Building", "Installing"):
                    show(f"installing: {words[0].lower()} {words[1]}")
        if process.returncode:
            show("the installation failed", last=True)
            errors.seek(0)
            sys.stderr.write(errors.read())
            sys.exit("{}\nMend what pip says above (often the network) and run make again.".format(" ".join(command)))


def install(lock):
    """Make .venv and install the locked packages, then this checkout in place."""
    print(f"installing Casier ({lock}) into .venv: about a minute the first time", flush=True)
    STAMP.unlink(missing_ok=True)
    if not works() and subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)]).returncode:
        sys.exit("python could not make .venv: see above")
    requirements = [part for path in locks_for(lock) for part in ("-r", str(path))]
    pip("--require-hashes", *requirements)
    pip("--no-deps", "--no-build-isolation", "-e", str(ROOT))
    STAMP.write_text(json.dumps({"lock": lock, "digest": digest_of(lock)}))
    show("installed", last=True)


def main():
    """Install the lock file named on the command line."""
    reason = why_unfit()
    if reason:
        sys.exit(reason)
    if not is_installed(sys.argv[1]):
        install(sys.argv[1])


if __name__ == "__main__":
    main()
