"""A file that only its passphrase opens, and that is whole or refused.

STREAM (Hoang, Reyhanitabar, Rogaway, Vizár, https://eprint.iacr.org/2015/189): the file is cut into
pieces, each sealed with AES-256-GCM under its number and a mark for the last one. A piece that was
changed, left out, put elsewhere or taken from another file does not open, and neither does a file
that ends early. The key is made from the passphrase by scrypt with a salt of the file's own, so
numbers may begin at 0 in each file.
"""

import os
from collections.abc import Iterable, Iterator
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

MAGIC = b"SPORTELLO BACKUP 1\n"
PIECE = 1 << 20
COST = 1 << 17
"""scrypt's N: OWASP's Password Storage Cheat Sheet says 2^17, r=8, p=1; 128 MiB for a moment."""

_SALT = 16
_TAG = 16


class BackupError(Exception):
    """One line: what is wrong with a backup, and what to do."""


def write(file: IO[bytes], passphrase: str, content: Iterable[bytes]) -> None:
    """Write ``content`` to ``file``, encrypted."""
    head = MAGIC + os.urandom(_SALT)
    cipher = AESGCM(_key(passphrase, head[len(MAGIC) :]))
    file.write(head)
    number, piece = 0, b""
    for next_piece in _pieces(content):
        if number or piece:
            file.write(cipher.encrypt(_nonce(number - 1, last=False), piece, head))
        number, piece = number + 1, next_piece
    file.write(cipher.encrypt(_nonce(max(number - 1, 0), last=True), piece, head))


def read(file: IO[bytes], passphrase: str) -> Iterator[bytes]:
    """What was written. It is to be used only after the last piece came: until then it may be cut.

    Raises BackupError for a wrong passphrase, and a file that is not as it was written.
    """
    head = file.read(len(MAGIC) + _SALT)
    if not head.startswith(MAGIC) or len(head) < len(MAGIC) + _SALT:
        raise BackupError("this is no backup of this assistant, or its beginning is damaged.")
    cipher = AESGCM(_key(passphrase, head[len(MAGIC) :]))
    number, sealed = 0, file.read(PIECE + _TAG)
    while True:
        following = file.read(PIECE + _TAG)
        try:
            yield cipher.decrypt(_nonce(number, last=not following), sealed, head)
        except InvalidTag:
            raise BackupError(_wrong(number)) from None
        if not following:
            return
        number, sealed = number + 1, following


def _wrong(number: int) -> str:
    if number == 0:
        return "the passphrase or key is another one, or the file is damaged."
    return f"the file is damaged or was cut off, at {number} MiB: take another backup."


def _pieces(content: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, each piece full but the last."""
    kept = bytearray()
    for part in content:
        kept += part
        while len(kept) >= PIECE:
            yield bytes(kept[:PIECE])
            del kept[:PIECE]
    if kept:
        yield bytes(kept)


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _key(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=COST, r=8, p=1).derive(passphrase.encode())
