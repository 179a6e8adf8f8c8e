"""Telling a database that is away from a statement it will never take.

Drivers and SQLAlchemy have classes of their own, with the names of PEP 249; the hot path meets the
drivers' (`storage.prepared`), everything else SQLAlchemy's.
"""

_AWAY = frozenset({"OperationalError", "InterfaceError"})
_ANY = frozenset({"DatabaseError", "InterfaceError", "DBAPIError"})


def is_outage(error: BaseException) -> bool:
    """The database is locked, full, restarting or gone: the same again may work later."""
    return _named(error, _AWAY)


def is_database_error(error: BaseException) -> bool:
    """Whatever the database or its driver raised."""
    return _named(error, _ANY)


def _named(error: BaseException, names: frozenset[str]) -> bool:
    return any(kind.__name__ in names for kind in type(error).__mro__)
