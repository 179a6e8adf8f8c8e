"""Where the keys are that open the database: a setting, or a file that only its owner reads."""

import base64
import binascii
import os
import secrets
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

KEY_BYTES = 64
_ONE_ALPHABET = str.maketrans("-_", "+/")  # base64 and base64url alike
_HEAD = "# What opens the database: without it nobody can. Never keep it beside a backup.\n"


class SealingError(Exception):
    """One line: what is wrong with the keys, and what to do. Never a key."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys in ``file``, a line each, or ``given`` with blanks between; base64 of 64 bytes each."""

    file: Path
    given: str = field(default="", repr=False)

    def read(self) -> list[bytes]:
        """All of them, the newest first. Raises SealingError for none, or a broken one."""
        if self.given:
            return [self._key(word) for word in self.given.replace(",", " ").split()]
        try:
            lines = self.file.read_text("ascii", "replace").splitlines()
        except OSError:
            raise SealingError(
                f"the key is missing: put {self.file} back from its own backup, or say with "
                "SEALING_KEY_FILE where it is; without it nobody can read the database"
            ) from None
        found = [self._key(line.strip()) for line in lines if line.strip() and line[0] != "#"]
        if not found:
            raise SealingError(f"{self.place} holds no key: put it back from its own backup")
        return found

    def make(self) -> None:
        """A first key, where there is neither a setting nor a file."""
        if not self.given and not self.file.exists():
            self.write([os.urandom(KEY_BYTES)], anew=True)

    def write(self, keys: list[bytes], *, anew: bool = False) -> None:
        """These keys in the file, whole or not at all; with ``anew`` one that is there stays."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        part = self.file.with_name(f"{self.file.name}.{secrets.token_hex(4)}")
        try:
            self._write_part(part, keys)
            if anew:
                with suppress(FileExistsError):
                    os.link(part, self.file)
            else:
                part.replace(self.file)
        finally:
            part.unlink(missing_ok=True)
        _settle_folder(self.file.parent)

    def _write_part(self, part: Path, keys: list[bytes]) -> None:
        """The owner and the rights of the file that it replaces: the assistant reads it, too."""
        lines = [base64.urlsafe_b64encode(key).decode().rstrip("=") for key in keys]
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as stream:
            stream.write(_HEAD + "".join(f"{line}\n" for line in lines))
            stream.flush()
            if self.file.exists() and hasattr(os, "fchown"):  # not on Windows
                was = self.file.stat()
                os.fchown(handle, was.st_uid, was.st_gid)
                os.fchmod(handle, stat.S_IMODE(was.st_mode))
            os.fsync(handle)

    @property
    def place(self) -> str:
        """Where an operator finds them."""
        return "SEALING_KEYS" if self.given else str(self.file)

    def lacks(self, id: str) -> str:
        """One line: the key with this id is not among them."""
        return (
            f"the database is sealed with the key {id}, and {self.place} does not hold it: "
            "put it back from its own backup (docs/running.md)"
        )

    def _key(self, word: str) -> bytes:
        try:
            plain = word.rstrip("=").translate(_ONE_ALPHABET)
            key = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != KEY_BYTES:
            raise SealingError(f"{self.place}: a key is broken: put it back from its own backup")
        return key


def _settle_folder(folder: Path) -> None:
    """A file that was put there is there after a power cut too."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)
