"""Full-text over offers: a name finds its offer, in whatever language it was written."""

from datetime import date

import pytest

from storage.database import open_database
from storage.mentions import mentioning
from storage.schema import upgrade
from tests.conftest import import_demo

NURSERY = ["chi_nursery_baldichieri"]


@pytest.mark.parametrize("words", [["%zz%"], ["br_co"], ["zzzz"], []])
def test_no_name_finds_nothing(words: list[str], database: str) -> None:
    assert found(database, "childcare", words) == []


def test_a_name_finds_its_offer_in_any_of_its_languages(database: str) -> None:
    assert found(database, "childcare", ["bruco"]) == NURSERY
    assert found(database, "childcare", ["crèche"]) == NURSERY
    assert found(database, "childcare", ["zzzz", "bruco"]) == NURSERY
    assert found(database, "housing", ["bruco"]) == []


def found(database: str, topic: str, words: list[str]) -> list[str]:
    """The ids, among the demo content."""
    engine = open_database(database)
    upgrade(engine)
    with engine.begin() as connection:
        import_demo(connection)
        ids = list(mentioning(connection, topic, words, date(2026, 11, 25)))
    engine.dispose()
    return ids
