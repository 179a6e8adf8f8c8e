"""`db copy`: from SQLite to PostgreSQL, or back."""

from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands import opening
from bot.commands.output import say, stop

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from storage.key_file import Keys


def copy(
    to: Annotated[
        str,
        typer.Option(
            envvar="COPY_TO_URL",
            help="The empty database, such as postgresql://user@host/name. With a password: set "
            "COPY_TO_URL instead, which nobody sees in the list of processes.",
        ),
    ],
) -> None:
    """Copy everything into another, empty database, and compare each row. Exit 2: nothing copied.

    Stop the assistant first: a database that is in use is refused. The one you come from stays
    as it is; then set DATABASE_URL to the new one.
    """
    from sqlalchemy.exc import DBAPIError

    from storage.backup.encrypted import BackupError
    from storage.backup.restoring import refuse_in_use
    from storage.copying import CopyError
    from storage.copying import copy as copy_rows
    from storage.database import default_key_file
    from storage.sealing import sealing_of

    url = opening.settings().database_url.get_secret_value()
    source = opening.database()
    keys = sealing_of(source.dialect).keys
    target = _opened(to, keys)
    if source.url == target.url:
        stop("That is the database you come from. Name another one.")
    try:
        refuse_in_use(source, url)
        copied = copy_rows(source, target)
    except (CopyError, BackupError) as error:
        stop(f"Nothing was copied: {error}")
    except DBAPIError as error:
        stop(f"Nothing was copied: {type(error.orig).__name__}: {_first_line(error)}")
    finally:
        source.dispose()
        target.dispose()
    for name, count in copied.items():
        if count:
            say(f"{count:>9}  {name}")
    say(f"{sum(copied.values())} rows were copied, read back and compared: all are the same.")
    if not keys.given and keys.file.resolve() != default_key_file(to).resolve():
        say(f"The key stays the same: set SEALING_KEY_FILE to {keys.file}.")
    say("Now set DATABASE_URL to the new database, run `doctor`, and start the assistant.")


def _opened(url: str, keys: "Keys") -> "Engine":
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    from storage.database import open_database

    try:
        kind = make_url(url).drivername
    except ArgumentError:
        kind = ""
    if kind not in ("sqlite", "postgresql"):
        stop("That is no address of a database: write postgresql://user@host/name.")
    return open_database(url, keys)


def _first_line(error: Exception) -> str:
    """Without the statement, which may hold what people wrote."""
    return str(getattr(error, "orig", "")).strip().partition("\n")[0]
