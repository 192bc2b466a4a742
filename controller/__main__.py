"""`casier-controller` and `python -m controller`: `run` and `all-off` start lean, the rest loads the command line."""

import sys

from controller.exit_codes import CONFIG, DEFECT, FAILED, OK

_LEAN = ("run", "all-off")


def main() -> None:
    """Entry point of the program."""
    if len(sys.argv) == 4 and sys.argv[1] in _LEAN and sys.argv[2] == "--config":
        sys.exit(_lean(sys.argv[1], sys.argv[3]))
    from controller.cli import app  # every other form of them too

    app(prog_name="casier-controller")


def _lean(command: str, config: str) -> int:
    """Carry out `run` or `all-off`; answers the exit code."""
    import logging
    from pathlib import Path

    from controller.all_off import all_off
    from controller.bootstrap import run
    from controller.config import load
    from controller.errors import ControllerError
    from controller.log import log_to_stderr
    from controller.toml_lines import line_of
    from wire.errors import KeyMaterialError

    log_to_stderr()
    log = logging.getLogger("controller")
    try:
        bank = load(Path(config))
        run(bank) if command == "run" else all_off(bank)
    except ControllerError as error:
        where = f"{config}:{line_of(Path(config), 'bank', 'data_dir')}: " if error.code == "data_dir" else ""
        log.error("%s%s", where, error)  # noqa: TRY400 - the person's mistake, not ours
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
