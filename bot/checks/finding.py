"""What a check says."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: ``ok``, ``warning`` or ``problem``, and what to do."""

    check: str
    state: str
    says: str

    def to_json(self) -> dict[str, str]:
        """As plain JSON types."""
        return asdict(self)
