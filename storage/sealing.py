"""Sealing: who somebody is and what they said cannot be read without a key that the database lacks.

AES-SIV (RFC 5297) with 512-bit keys. A text that is only read back is sealed with a random nonce:
the same text looks different each time. A channel's id is sealed without one: the same id looks the
same, so that unique keys, joins and lookups go on working (its first half is a keyed hash, S2V);
whoever has the database alone sees that two rows are of one person, and not of whom.
"""

import os
from binascii import a2b_base64, b2a_base64
from functools import lru_cache
from hashlib import blake2b

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from sqlalchemy import Dialect

from storage.key_file import KEY_BYTES, Keys, SealingError

_MARK = "s1"  # this way of sealing
_NONCE_BYTES = 16
_REMEMBERED = 10_000  # addresses whose sealed form a process keeps at hand
_PROOF, _PROVEN = "key_in_use.proof", "sportello"


def key_id(key: bytes) -> str:
    """What tells keys apart, and nothing else."""
    return blake2b(key, digest_size=4, person=b"sportello").hexdigest()


class Sealing:
    """Seals and opens for one database. The database says which key seals; every key opens."""

    def __init__(self, keys: Keys) -> None:
        self.keys = keys
        self._ciphers: dict[str, AESSIV] = {}
        self._sealer = ""
        self.seal_same = lru_cache(_REMEMBERED)(self._seal_same)

    @property
    def sealer(self) -> str:
        """The id of the key that seals; empty until the database has said it."""
        return self._sealer

    def settle(self, id: str, proof: str) -> None:
        """Seal with this key from now on. Raises SealingError when it is not there."""
        if id == self._sealer:
            return
        if id not in self._ciphers:
            self._load()
        if id not in self._ciphers or self.open(proof, _PROOF) != _PROVEN:
            raise SealingError(self.keys.lacks(id))
        self._use(id)

    def _use(self, id: str) -> None:
        self._sealer = id
        self.seal_same.cache_clear()

    def begin(self, key: bytes | None = None) -> tuple[str, str]:
        """Seal with ``key``, or the first there is, made when there is none: its id and a proof."""
        self.keys.make()
        self._load()
        self._use(key_id(key or self.keys.read()[0]))
        return self._sealer, self.seal(_PROVEN, _PROOF)

    def seal(self, text: str, where: str) -> str:
        """Different each time; opens only as of the same ``where`` (table.column)."""
        nonce = os.urandom(_NONCE_BYTES)
        return self._written(nonce + self._cipher().encrypt(text.encode(), [where.encode(), nonce]))

    def _seal_same(self, text: str, where: str) -> str:
        return self._written(self._cipher().encrypt(text.encode(), [where.encode()]))

    def open(self, sealed: str, where: str) -> str:
        """What `seal` was given.

        Raises SpoiltError when it was not sealed so, SealingError when its key is not there.
        """
        cipher, raw = self._read(sealed, where)
        return _decrypted(cipher, raw[_NONCE_BYTES:], where, raw[:_NONCE_BYTES])

    def open_same(self, sealed: str, where: str) -> str:
        """What `seal_same` was given; raises as `open` does."""
        return _decrypted(*self._read(sealed, where), where)

    def _load(self) -> None:
        self._ciphers = {key_id(key): AESSIV(key) for key in self.keys.read()}

    def _cipher(self) -> AESSIV:
        if not self._sealer:
            raise SealingError("the database is not ready: run `python admin_cli.py init`")
        return self._ciphers[self._sealer]

    def _written(self, raw: bytes) -> str:
        return f"{_MARK}:{self._sealer}:{b2a_base64(raw, newline=False).decode()}"

    def _read(self, sealed: str, where: str) -> tuple[AESSIV, bytes]:
        mark, _, rest = sealed.partition(":")
        id, _, words = rest.partition(":")
        if mark != _MARK:
            raise SpoiltError(f"a value of {where} is not sealed: it was written past the program")
        if id not in self._ciphers:
            self._load()  # another program may have begun with another key
        if id not in self._ciphers:
            raise SealingError(self.keys.lacks(id))
        try:
            return self._ciphers[id], a2b_base64(words, strict_mode=True)
        except ValueError:
            raise _spoilt(where) from None


def _decrypted(cipher: AESSIV, raw: bytes, where: str, *nonce: bytes) -> str:
    try:
        return cipher.decrypt(raw, [where.encode(), *nonce]).decode()
    except (InvalidTag, ValueError):
        raise _spoilt(where) from None


class SpoiltError(SealingError):
    """No key of ours is missing: what is there was changed past the program."""


def _spoilt(where: str) -> SpoiltError:
    return SpoiltError(f"a value of {where} was changed, or moved there from another place")


def sealing_of(dialect: Dialect) -> Sealing:
    """The sealing of the database that this dialect speaks with (`storage.database`)."""
    found: Sealing = dialect.sealing  # type: ignore[attr-defined]
    return found


def new_key() -> bytes:
    """From the system's own source of chance."""
    return os.urandom(KEY_BYTES)
