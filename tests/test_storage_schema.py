"""Migrations: from nothing to this release, on both databases, with what is in them."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from threading import Barrier, Thread

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text
from sqlmodel import SQLModel

import storage.models
from flows.hours import WEEK, Hours
from storage import listings
from storage.contacts import export_contact
from storage.content.translations import units
from storage.database import open_database
from storage.gazetteer import load_gazetteer
from storage.schema import is_current, upgrade
from tests.released import RELEASES, fill_tables, make_tables
from tests.test_storage_database import KINDS, bare


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database without tables."""
    with bare(request.param, tmp_path) as url:
        engine = open_database(url)
        yield engine
        engine.dispose()


def test_from_nothing_to_this_release(database: Engine) -> None:
    assert not is_current(database)
    upgrade(database)
    assert is_current(database)
    tables = set(inspect(database).get_table_names())
    assert tables == {*SQLModel.metadata.tables, "alembic_version"}


def test_again_changes_nothing(database: Engine) -> None:
    upgrade(database)
    with database.begin() as connection:
        connection.execute(text("INSERT INTO template VALUES ('a', 'HX1', '', '', '', '')"))
    upgrade(database)
    with database.begin() as connection:
        assert connection.execute(text("SELECT sid FROM template")).scalar_one() == "HX1"
    assert is_current(database)


def test_the_tables_are_those_of_the_models(database: Engine) -> None:
    upgrade(database)
    with database.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, SQLModel.metadata) == []
        connection.exec_driver_sql("ALTER TABLE template ADD COLUMN extra INTEGER")
        assert compare_metadata(context, SQLModel.metadata) != []
        connection.rollback()


def test_what_is_unique_and_what_cascades_is_the_same_on_both(database: Engine) -> None:
    upgrade(database)
    found = inspect(database)
    unique = {
        (table, tuple(constraint["column_names"]))
        for table in SQLModel.metadata.tables
        for constraint in found.get_unique_constraints(table)
    }
    assert unique == {
        ("address", ("channel", "address")),
        ("inbox", ("channel", "external_id")),
        ("interest", ("contact_id", "listing_id")),
        ("outcome", ("contact_id", "listing_id")),
    }
    rules = {
        (table, key["constrained_columns"][0], key["options"].get("ondelete"))
        for table in SQLModel.metadata.tables
        for key in found.get_foreign_keys(table)
    }
    assert rules == {
        ("address", "contact_id", "CASCADE"),
        ("alerted", "contact_id", "CASCADE"),
        ("alerted", "listing_id", "CASCADE"),
        ("appointment", "contact_id", "SET NULL"),
        ("consent", "contact_id", "CASCADE"),
        ("conversation", "contact_id", "CASCADE"),
        ("desk_topic", "contact_id", "CASCADE"),
        ("farewell", "contact_id", "CASCADE"),
        ("event", "contact_id", "SET NULL"),
        ("broadcast_count", "broadcast_id", "CASCADE"),
        ("broadcast_text", "broadcast_id", "CASCADE"),
        ("hold", "appointment_id", "CASCADE"),
        ("first_offers", "contact_id", "CASCADE"),
        ("interest", "contact_id", "CASCADE"),
        ("interest", "listing_id", "CASCADE"),
        ("listing", "provider_id", "SET NULL"),
        ("listing_text", "listing_id", "CASCADE"),
        ("outbox", "contact_id", "CASCADE"),
        ("outcome", "contact_id", "CASCADE"),
        ("outcome", "listing_id", "CASCADE"),
        ("reminder", "appointment_id", "CASCADE"),
        ("ride", "contact_id", "SET NULL"),
        ("ride", "run_id", "SET NULL"),
        ("ride_wish", "contact_id", "SET NULL"),
        ("run_hold", "run_id", "CASCADE"),
        ("run_seat", "ride_id", "CASCADE"),
        ("run_seat", "run_id", "CASCADE"),
        ("tag", "contact_id", "CASCADE"),
        ("search", "contact_id", "CASCADE"),
        ("ticket", "contact_id", "CASCADE"),
        ("ticket", "id", None),
        ("ticket_message", "ticket_id", "CASCADE"),
        ("unanswered", "contact_id", "CASCADE"),
        ("waiting", "appointment_id", "CASCADE"),
        ("waiting", "contact_id", "CASCADE"),
    }


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.stem)
def test_a_database_of_a_release_upgrades_with_its_data(database: Engine, release: Path) -> None:
    make_tables(database, release)
    with database.begin() as connection:
        fill_tables(connection, release)
        jobs = "SELECT 99, 1, min(id), 0 FROM listing WHERE topic = 'job'"
        connection.exec_driver_sql(f"INSERT INTO interest (id, contact_id, listing_id, at) {jobs}")
    assert not is_current(database)
    upgrade(database)
    assert is_current(database)
    with database.begin() as connection:
        taxi = listings.one(connection, "tra_social_taxi", "fr", date(2026, 11, 23))
        [unit] = [u for u in units(connection, "fr") if u.id == "tra_social_taxi"][:1]
        kept = export_contact(connection, 1)
    assert taxi and taxi.words == "unreviewed" and unit.state == "unreviewed"
    assert taxi.details["hours"] == (Hours(WEEK[:5], "07:00", "18:00"),)
    assert load_gazetteer().get(taxi.details["area"][0]) is not None
    assert kept and [one["rung"] for one in kept["outcomes"]] == ["interested"]
    assert kept["interests"] and kept["conversation"]["language"] == "fr"


def test_two_at_once_do_it_once(database: Engine) -> None:
    barrier, errors = Barrier(2), []

    def run() -> None:
        barrier.wait(5)
        try:
            upgrade(database)
        except Exception as error:
            errors.append(error)

    threads = [Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert errors == []
    assert is_current(database)


def test_foreign_keys_are_on_again_after_the_migration(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'x.db'}")
    upgrade(engine)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
    engine.dispose()


def test_a_migration_that_leaves_orphans_is_undone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'x.db'}")
    upgrade(engine)
    orphan = (
        "INSERT INTO consent"
        " (contact_id, purpose, given, version, text_hash, language, channel, at)"
        " VALUES (77, 'profile', 1, 'v', 'h', 'it', 'telegram', 0)"
    )

    def upgrade_badly(config: object, _: str) -> None:
        config.attributes["connection"].exec_driver_sql(orphan)  # type: ignore[attr-defined]

    monkeypatch.setattr(command, "upgrade", upgrade_badly)
    with pytest.raises(RuntimeError, match="point nowhere"):
        upgrade(engine)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM consent").scalar_one() == 0
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
    engine.dispose()


def test_every_model_has_a_table_and_a_word_on_it() -> None:
    models = [
        model
        for model in vars(storage.models).values()
        if isinstance(model, type) and issubclass(model, SQLModel) and model is not SQLModel
    ]
    assert len(models) == len(SQLModel.metadata.tables)
    assert all(model.__doc__ for model in models)
