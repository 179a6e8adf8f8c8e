"""The comuni, read from the file beside this module."""

import csv
from functools import cache
from pathlib import Path

from flows.messages import Position
from flows.places import Gazetteer, Place

_FILE = Path(__file__).with_name("gazetteer.csv")


@cache
def load_gazetteer() -> Gazetteer:
    """All of them; docs/sources.md says where names and positions come from."""
    with _FILE.open(encoding="utf-8", newline="") as file:
        return Gazetteer(
            Place(
                row["istat"],
                row["name"],
                Position(float(row["lat"]), float(row["lon"])),
                tuple(alias for alias in row["aliases"].split("|") if alias),
            )
            for row in csv.DictReader(file)
        )
