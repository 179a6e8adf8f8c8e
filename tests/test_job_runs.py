"""A scheduled job is done once for a day, on both databases."""

from datetime import date
from threading import Barrier, Thread

from storage.database import open_database
from storage.job_runs import claim
from storage.schema import upgrade
from tests.conftest import START


def test_of_many_at_once_one_does_it(database: str) -> None:
    engine = open_database(database)
    upgrade(engine)
    barrier, won = Barrier(4), []

    def work() -> None:
        barrier.wait(10)
        with engine.begin() as connection:
            won.append(claim(connection, "digest", date(2026, 11, 23), START))

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(won) == [False, False, False, True]
    with engine.begin() as connection:
        assert claim(connection, "digest", date(2026, 11, 30), START)
    engine.dispose()
