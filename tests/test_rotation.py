"""Another key: whatever happens meanwhile, everything opens and everybody is found."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, insert, select
from sqlmodel import col

from storage.database import open_database, unlock
from storage.key_file import Keys, SealingError
from storage.models import Notice, Permit
from storage.prepared import cursor_of
from storage.rotation import rotate, status
from storage.schema import upgrade
from storage.sealing import key_id, new_key, sealing_of
from storage.turns import Turns
from tests.conftest import ROOT, START, Run
from tests.outreach import BY, add_person

PEOPLE = 1_050  # more than a batch


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path / "key")


@pytest.fixture
def engine(database: str, keys: Keys) -> Iterator[Engine]:
    engine = open_database(database, keys)
    upgrade(engine)
    with engine.begin() as connection:
        add_person(connection, 1, name="Zoltanka")
        permit = {"channel": "telegram", "number": 1, "free_at": START, "address": "telegram1"}
        connection.execute(insert(Permit), [permit])
        row = {"at": START, "kind": "note", "text": "words", "closed_by": "", "subject": ""}
        connection.execute(insert(Notice), [row] * PEOPLE)
    yield engine
    engine.dispose()


def found(engine: Engine) -> bool:
    """Whether the person is found by their address, with what they said."""
    turns = Turns(engine.dialect)
    with engine.begin() as connection:
        person = turns.person(cursor_of(connection), "telegram", "telegram1", 0)
    return person is not None and "Zoltanka" in str(person.state)


def all_open(engine: Engine) -> bool:
    with engine.begin() as connection:
        words = connection.execute(select(col(Notice.text))).scalars().all()
        permit = connection.execute(select(col(Permit.address))).scalar_one()
    return words == ["words"] * PEOPLE and permit == "telegram1"


def sealers(engine: Engine) -> dict[str, int]:
    with engine.begin() as connection:
        return {one.key: one.values for one in status(connection)}


def test_everything_is_sealed_with_the_new_key(engine: Engine, keys: Keys) -> None:
    [old] = keys.read()
    keys.file.chmod(0o640)
    id = rotate(engine, BY)
    new, kept = keys.read()
    assert (key_id(new), kept) == (id, old)
    assert keys.file.stat().st_mode & 0o777 == 0o640, "whoever could read it still can"
    assert sealers(engine) == {id: PEOPLE + 3, key_id(old): 0}
    assert found(engine) and all_open(engine)
    with engine.begin() as connection:
        [now, before] = status(connection)
    assert (now.seals, before.seals) == (True, False)
    keys.write([new])  # once no backup needs the old one
    again = open_database(engine.url.render_as_string(hide_password=False), keys)
    assert found(again) and all_open(again)
    again.dispose()


@pytest.mark.parametrize("protected", [True, False])
def test_a_running_program_goes_on_with_the_new_key(
    engine: Engine, keys: Keys, protected: bool
) -> None:
    running = open_database(engine.url.render_as_string(hide_password=False), keys)
    assert found(running)
    if not protected:
        event.remove(running, "begin", unlock)
    rotate(engine, BY)
    assert found(running) is protected
    running.dispose()


KILLED = """
import os, signal, sys
from sqlalchemy import Connection
from storage import rotation
from storage.database import open_database
from storage.key_file import Keys
from pathlib import Path
from tests.outreach import BY

url, file, after = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
careless = sys.argv[4] == "careless"
engine, whole, count = open_database(url, Keys(file)), rotation.rewrite, 0


def rewrite(connection, *what):
    global count
    if count == after:
        os.kill(os.getpid(), signal.SIGKILL)
    count += 1
    whole(connection, *what)
    if careless:
        connection.connection.commit()
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")


rotation.rewrite = rewrite
rotation.rotate(engine, BY)
"""


def _killed(engine: Engine, keys: Keys, after: int, how: str = "") -> None:
    url = engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", KILLED, url, str(keys.file), str(after), how]
    done = subprocess.run(command, cwd=ROOT, timeout=60, check=False, capture_output=True)
    assert done.returncode == -9, done.stderr


@pytest.mark.parametrize("after", [0, 4])
def test_killed_in_the_middle_nothing_has_changed(engine: Engine, keys: Keys, after: int) -> None:
    [old] = keys.read()
    _killed(engine, keys, after)
    new, _ = keys.read()
    assert sealers(engine) == {key_id(new): 0, key_id(old): PEOPLE + 3}
    assert found(engine) and all_open(engine)
    assert rotate(engine, BY) == key_id(new)
    assert len(keys.read()) == 2 and sealers(engine)[key_id(new)] == PEOPLE + 3
    assert found(engine) and all_open(engine)


def test_without_the_one_transaction_a_kill_loses_people(engine: Engine, keys: Keys) -> None:
    """The switch: with a commit after each table, the person is not found any more."""
    _killed(engine, keys, 5, "careless")
    assert len([count for count in sealers(engine).values() if count]) == 2
    assert not found(engine)


def test_keys_that_are_given_must_hold_the_new_one(database: str, keys: Keys) -> None:
    keys.make()
    words = keys.file.read_text().split()[-1]
    engine = open_database(database, Keys(keys.file, words))
    upgrade(engine)
    with pytest.raises(SealingError, match="SEALING_KEYS holds no new key"):
        rotate(engine, BY)
    assert keys.file.read_text().split()[-1] == words
    keys.write([new_key()])
    both = f"{keys.file.read_text().split()[-1]} {words}"
    again = open_database(database, Keys(keys.file, both))
    assert rotate(again, BY) != sealing_of(engine.dialect).sealer
    engine.dispose()
    again.dispose()


def test_by_hand(run: Run, tmp_path: Path) -> None:
    run("init", "--quiet")
    [before] = run.json("keys", "status", "--json")
    assert (before["seals"], before["values"]) == (True, 0)
    said = run("keys", "rotate")
    [now, then] = run.json("keys", "status", "--json")
    assert now["seals"] and then["key"] == before["key"] and now["key"] in said
    (tmp_path / "sealing.key").chmod(0o644)
    assert "chmod 600" in run("keys", "status")
    assert run.json("audit", "--json")[0]["action"] == "keys rotate"
    for line in (tmp_path / "sealing.key").read_text().splitlines()[1:]:
        assert line[:10] not in said + run("keys", "status") + run("audit")
