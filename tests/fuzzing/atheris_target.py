"""Coverage-guided fuzzing of one target in a process of its own: `python -m tests.fuzzing.atheris_target NAME RUNS`."""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["wire", "hw", "controller", "gateway"]):
    from tests.fuzzing.targets import TARGETS

MEMORY_MB = 1_024


def main(name: str, runs: int) -> None:
    """Fuzzes until `runs` inputs were tried; libFuzzer ends the process with a non-zero code at the first finding."""
    target = TARGETS[name]
    corpus = Path(tempfile.mkdtemp(prefix=f"casier-fuzz-{name}-"))
    for number, seed in enumerate(target.seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    arguments = [f"-runs={runs}", f"-rss_limit_mb={MEMORY_MB}", "-timeout=10", "-max_len=16384", "-verbosity=0"]
    atheris.Setup([sys.argv[0], *arguments, str(corpus)], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
