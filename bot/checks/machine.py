"""Mistakes on this computer: files that others may read, a full disk, a drive that is a network."""

import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from bot.checks.finding import Finding
from bot.settings import Settings
from storage.backup.encrypted import BackupError
from storage.backup.sqlite import file_of

_GIB = 1 << 30
_SCARCE, _FULL = _GIB, _GIB // 5
_NETWORK = frozenset(
    {
        "9p",
        "afs",
        "ceph",
        "cifs",
        "fuse.glusterfs",
        "fuse.s3fs",
        "fuse.sshfs",
        "gfs2",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "smb3",
        "smbfs",
        "virtiofs",
    }
)


def private_files(named: Iterable[tuple[str, str]]) -> Iterator[Finding]:
    """Files with secrets: nobody but their owner may read them, and they must be there."""
    for setting, name in named:
        path = Path(name)
        if not name or (setting == ".env" and not path.exists()):
            continue
        if not path.is_file():
            yield Finding("secrets", "problem", f"{setting}: there is no file {name}")
        elif os.name == "posix" and path.stat().st_mode & 0o077:
            says = f"others may read {name}: chmod 600 {name}"
            yield Finding("secrets", "problem", says)


def disk(settings: Settings) -> Iterator[Finding]:
    """Whether there is room for the database and its backup."""
    for what, folder in _folders(settings):
        free = shutil.disk_usage(folder).free
        if free < _SCARCE:
            state = "problem" if free < _FULL else "warning"
            says = f"{free // (1 << 20)} MiB are left for {what} ({folder}): make room"
            yield Finding("disk", state, says)


def drive(settings: Settings, mounts: Path = Path("/proc/mounts")) -> Iterator[Finding]:
    """SQLite's locks do not hold on a network drive: two processes destroy the file."""
    file = _database_file(settings)
    if file is None or not mounts.exists():
        return
    kind = _kind_of(file.resolve(), mounts.read_text(errors="replace"))
    if kind in _NETWORK:
        says = f"{file} is on a network drive ({kind}): SQLite needs a disk of this computer"
        yield Finding("database", "problem", says)


def _kind_of(file: Path, mounts: str) -> str:
    """The file system of the innermost mount that holds it."""
    best, kind = -1, ""
    for line in mounts.splitlines():
        fields = line.split()
        if len(fields) > 2 and file.is_relative_to(fields[1].replace("\\040", " ")):
            length = len(fields[1])
            best, kind = (length, fields[2]) if length >= best else (best, kind)
    return kind


def _database_file(settings: Settings) -> Path | None:
    url = settings.database_url.get_secret_value()
    try:
        return file_of(url) if url.startswith("sqlite") else None
    except BackupError:
        return None


def _folders(settings: Settings) -> Iterator[tuple[str, Path]]:
    file, backups = _database_file(settings), Path(settings.backup_folder)
    if file and file.parent.is_dir():
        yield "the database", file.parent
    if backups.is_dir():
        yield "backups", backups
