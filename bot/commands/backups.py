"""`backup` and `restore`: a moment of the database as an encrypted file, and back to it."""

from pathlib import Path
from typing import Annotated, NoReturn

import typer

from bot.commands import opening
from bot.commands.output import say, stop

_SHORTEST = 12

KeyFile = Annotated[
    Path | None,
    typer.Option(help="A file that holds the key; else BACKUP_KEY_FILE; else you are asked."),
]


def backup(
    to: Annotated[Path | None, typer.Option(help="The folder; else BACKUP_FOLDER.")] = None,
    keep: Annotated[int, typer.Option(min=1, help="How many stay; older ones are deleted.")] = 14,
    key_file: KeyFile = None,
) -> None:
    """Write the database into an encrypted file, and try it by restoring it. Exit 1: no backup.

    The assistant goes on meanwhile. A file gets its name only after it was opened again, and its
    tables, rows and schema are those of the original.
    """
    from sqlalchemy.exc import DBAPIError

    from storage.backup.encrypted import BackupError
    from storage.backup.making import make
    from storage.key_file import SealingError

    engine, settings, by = opening.database(), opening.settings(), opening.by()
    passphrase = _passphrase(key_file, again=True)
    url = settings.database_url.get_secret_value()
    folder = to or Path(settings.backup_folder)
    try:
        made = make(engine, url, folder, passphrase, keep, by)
    except (BackupError, SealingError, OSError, DBAPIError) as error:
        _failed(f"No backup was made: {_why(error)}")
    finally:
        engine.dispose()
    rows, tables = sum(made.manifest.rows.values()), len(made.manifest.rows)
    say(f"{made.path}: {rows} rows in {tables} tables, {made.size} bytes.")
    say("It was restored into a scratch database and compared: it is whole.")
    say(f"Not in it: .env, and the key that opens the database ({settings.keys.place}).")
    if made.removed:
        say(f"Deleted: {', '.join(path.name for path in made.removed)}.")


def restore(
    file: Annotated[Path, typer.Argument(help="The backup.", exists=True, dir_okay=False)],
    replace: Annotated[
        bool, typer.Option("--replace", help="Also when the database is not empty.")
    ] = False,
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="Try all of it; change nothing.")
    ] = False,
    key_file: KeyFile = None,
) -> None:
    """Go back to a backup, in this release's schema. Exit 1: nothing was changed.

    Stop the assistant first: a database that is in use is refused. What is there now is put aside,
    not deleted. --rehearse may run beside the assistant.
    """
    from sqlalchemy.exc import DBAPIError

    from storage.backup import restoring
    from storage.backup.encrypted import BackupError
    from storage.key_file import SealingError

    engine, by, settings = opening.database(), opening.by(), opening.settings()
    url, forgotten = settings.database_url.get_secret_value(), settings.list_of_erased
    passphrase = _passphrase(key_file, again=False)
    try:
        if rehearse:
            manifest = restoring.rehearse(engine, url, file, passphrase, by)
            say(f"{file.name} of {manifest.made_at} can be restored. Nothing was changed.")
            return
        done = restoring.restore(
            engine, url, file, passphrase, by, replace=replace, forgotten=forgotten
        )
    except (BackupError, SealingError, OSError, DBAPIError) as error:
        _failed(f"Nothing was changed: {_why(error)}")
    finally:
        engine.dispose()
    say(f"The database is that of {done.manifest.made_at}, in this release's schema.")
    say(f"The key that opens it is not from the backup: {settings.keys.place}.")
    if done.again:
        say(f"Erased again, as they had been since: {', '.join(map(str, done.again))}.")
    if done.aside:
        say(f"The former one is {done.aside}. It holds what people told us: delete it in time.")
    say("Next: `python admin_cli.py doctor`, then start the assistant.")


def _passphrase(key_file: Path | None, *, again: bool) -> str:
    """Of the key file, else of whoever sits there."""
    named = opening.settings().backup_key_file
    if path := key_file or (Path(named) if named else None):
        return _long_enough(path.read_text(encoding="utf-8").strip(), str(path))
    typed = typer.prompt("Passphrase", hide_input=True, confirmation_prompt=again, err=True)
    return _long_enough(typed, "The passphrase")


def _long_enough(secret: str, name: str) -> str:
    if len(secret) < _SHORTEST:
        stop(f"{name}: at least {_SHORTEST} letters (`openssl rand -base64 32` makes a good key).")
    return secret


def _why(error: Exception) -> str:
    """One line without anything that the database held."""
    from storage.backup.encrypted import BackupError
    from storage.key_file import SealingError

    if isinstance(error, BackupError | SealingError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename or 'a file'}: {error.strerror or type(error).__name__}."
    return f"the database does not answer as it should ({type(error).__name__})."


def _failed(text: str) -> NoReturn:
    typer.echo(text, err=True)
    raise typer.Exit(1)
