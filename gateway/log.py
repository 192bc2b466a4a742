"""The gateway's log: one JSON object a line on stderr, codes and ids only, never names or badge numbers."""

import logging
import sys
from contextlib import suppress

import structlog
import structlog.tracebacks


class StderrLines:
    """Standard error as it is at that moment. A line that cannot be written is dropped: no answer fails for it."""

    def msg(self, line: str) -> None:
        """Writes one line whole."""
        with suppress(OSError, ValueError):
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()

    debug = info = warning = error = critical = exception = msg


def configure(level: str) -> None:
    """Sets structlog up for the whole process."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # Where it happened, never what the variables held: names, tokens and badge numbers are among them.
            structlog.processors.ExceptionRenderer(
                structlog.tracebacks.ExceptionDictTransformer(show_locals=False, use_rich=False)
            ),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=lambda *_names: StderrLines(),
        cache_logger_on_first_use=True,
    )
