"""A database as it would be without sealing: the switch that turns the protection off."""

from sqlalchemy import Engine

from storage.key_file import Keys
from storage.sealing import Sealing


class Unsealed(Sealing):
    """Everything is kept as it is."""

    def __init__(self, keys: Keys) -> None:
        super().__init__(keys)
        self.seal_same = self.open_same  # type: ignore[assignment]

    def settle(self, id: str, proof: str) -> None:
        """Any key will do."""

    def seal(self, text: str, where: str) -> str:
        """As it is."""
        return text

    def open(self, sealed: str, where: str) -> str:
        """As it is."""
        return sealed

    def open_same(self, sealed: str, where: str) -> str:
        """As it is."""
        return sealed


def unseal(engine: Engine) -> None:
    """From now on; what is prepared for this engine before stays sealed."""
    engine.dialect.sealing = Unsealed(engine.dialect.sealing.keys)  # type: ignore[attr-defined]
