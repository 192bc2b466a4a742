"""`casier-controller` and `python -m controller`: `run` starts lean, every other command loads the command line."""

import sys

from controller.exit_codes import CONFIG, DEFECT, FAILED, OK


def main() -> None:
    """Entry point of the program."""
    if sys.argv[1:2] == ["run"] and "--help" not in sys.argv:
        sys.exit(_run(sys.argv[2:]))
    from controller.cli import app

    app(prog_name="casier-controller")


def _run(arguments: list[str]) -> int:
    """Run one bank in the foreground; answers the exit code."""
    import argparse
    import logging
    from pathlib import Path

    from controller.bootstrap import run
    from controller.config import load
    from controller.errors import ControllerError
    from controller.log import log_to_stderr
    from wire.errors import KeyMaterialError

    parser = argparse.ArgumentParser("casier-controller run")
    parser.add_argument("--config", type=Path, required=True, help="the bank's TOML file")
    options = parser.parse_args(arguments)
    log_to_stderr()
    log = logging.getLogger("controller")
    try:
        run(load(options.config))
    except ControllerError as error:
        log.error("%s", error)  # noqa: TRY400 - the person's mistake, not ours
        return CONFIG if error.code == "config" else FAILED
    except (KeyMaterialError, OSError) as error:
        log.error("the controller cannot start: %s", error)  # noqa: TRY400 - as above
        return FAILED
    except Exception:
        log.exception("a defect ended the controller; all coils are off")
        return DEFECT
    return OK


if __name__ == "__main__":
    main()
