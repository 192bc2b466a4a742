"""What every command of `casier-gateway` needs: settings, the database ready to work with, files of secrets."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.errors import SettingsError

ACTOR = "cli"
Json = Annotated[bool, typer.Option("--json", help="answer as JSON")]


def settings() -> Any:
    """The settings in force, logging set up as they say. Raises SettingsError with code `settings`."""
    from gateway.log import configure
    from gateway.settings import load_settings

    loaded = load_settings()
    configure(loaded.log_level)
    return loaded


@contextmanager
def opened() -> Iterator[tuple[Any, Callable[[], int]]]:
    """The database, ready to work with, and the clock. Raises NotReadyError with code `migrations`."""
    # Tables refer to each other: all are known before one is used.
    import gateway.tables  # noqa: F401
    from gateway import migrations
    from gateway.days import unix_ms
    from gateway.db import open_database

    database = open_database(settings())
    try:
        migrations.require_migrated(database)
        yield database, unix_ms
    finally:
        database.close()


def read_secret(path: Path) -> str:
    """The text of a file, or of standard input for `-`. Raises SettingsError with code `file`."""
    try:
        text = typer.get_text_stream("stdin").read() if str(path) == "-" else path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError("file", f"{path} cannot be read: {error}") from error
    return text.strip()
