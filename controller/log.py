"""The log: one JSON object a line on standard error."""

import json
import logging
import sys
import time


class JsonLines(logging.Formatter):
    """`at` (UTC), `level`, `part` and `text`; the traceback where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        second = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line = {
            "at": f"{second}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "part": record.name,
            "text": record.getMessage(),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def log_to_stderr() -> None:
    """All loggers of this process, from INFO on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
