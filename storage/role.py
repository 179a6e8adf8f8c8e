"""The three roles of people of the desk."""

from enum import StrEnum


class Role(StrEnum):
    """From the least to the most; each may do what those before it may."""

    OPERATOR = "operator"
    COORDINATOR = "coordinator"
    ADMIN = "admin"

    def covers(self, least: "Role") -> bool:
        """Whether this role is at least that one."""
        order = list(Role)
        return order.index(self) >= order.index(least)
