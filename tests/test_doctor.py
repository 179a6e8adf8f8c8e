"""The usual mistakes: each is found, and nothing is said where it was not made."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, insert, text

from bot import clock as clocks
from bot.catalogs import UncompiledCatalogError
from bot.checks import database, machine
from bot.checks.finding import Finding
from bot.doctor import examine
from bot.settings import Settings
from storage.audit import By, record
from storage.database import open_database
from storage.models import Contact, Inbox, JobRun, Outbox, Template
from storage.schema import upgrade
from storage.understanding import load
from tests.conftest import ROOT, START, Clock
from tests.loopback.telegram import LoopbackTelegram
from tests.people import LoopThread

TOKEN = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1"


def made(**chosen: Any) -> Settings:
    return Settings(_env_file=None, **chosen)  # type: ignore[call-arg]


def said(findings: Iterator[Finding], check: str) -> str:
    """State and words of a check, or nothing."""
    return "; ".join(f"{f.state}: {f.says}" for f in findings if f.check == check)


@pytest.fixture
def telegram() -> Iterator[LoopbackTelegram]:
    loop, server = LoopThread(), LoopbackTelegram(TOKEN)
    loop.run(server.start())
    yield server
    loop.run(server.stop())
    loop.stop()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def examined(check: str, **chosen: Any) -> str:
    return said(iter(examine(made(**chosen))), check)


# ── this computer ───────────────────────────────────────────────────────────────────────────────


def test_secrets_that_others_may_read(here: Path) -> None:
    (here / ".env").write_text("")
    (here / ".env").chmod(0o640)
    (here / "key").write_text("x")
    (here / "key").chmod(0o604)
    found = examined("secrets", backup_key_file="key", database_url="sqlite:///x.db")
    assert found == (
        "problem: others may read .env: chmod 600 .env; problem: others may read key: chmod 600 key"
    )
    (here / "sealing.key").write_text("x")
    (here / "sealing.key").chmod(0o644)
    found = examined("secrets", database_url="sqlite:///x.db")
    assert "problem: others may read sealing.key: chmod 600 sealing.key" in found
    (here / "sealing.key").unlink()
    for name in (".env", "key"):
        (here / name).chmod(0o600)
    assert examined("secrets", backup_key_file="key", database_url="sqlite:///x.db") == ""
    assert "there is no file gone" in examined("secrets", backup_key_file="gone")


def test_a_disk_that_is_nearly_full(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, free = made(database_url=f"sqlite:///{here}/x.db"), 10 << 30
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    assert said(machine.disk(settings), "disk") == ""
    free = 500 << 20
    assert said(machine.disk(settings), "disk").startswith("warning: 500 MiB are left for the data")
    free = 100 << 20
    (here / "data" / "backups").mkdir(parents=True)
    assert "problem: 100 MiB are left for backups" in said(machine.disk(settings), "disk")


def test_sqlite_on_a_network_drive(here: Path) -> None:
    mounts, place = here / "mounts", str(here).replace(" ", "\\040")
    mounts.write_text(
        f"/dev/sda1 / ext4 rw 0 0\nserver:/x {place} nfs4 rw 0 0\n"
        "server:/y /elsewhere nfs4 rw 0 0\n"
    )
    on_it, not_on_it = f"sqlite:///{here}/data/x.db", "sqlite:////srv/x.db"
    found = said(machine.drive(made(database_url=on_it), mounts), "database")
    assert found.startswith("problem: ") and "network drive (nfs4)" in found
    assert said(machine.drive(made(database_url=not_on_it), mounts), "database") == ""
    elsewhere = made(database_url="postgresql://desk@db/x")
    assert said(machine.drive(elsewhere, mounts), "database") == ""


# ── the world ───────────────────────────────────────────────────────────────────────────────────


def test_a_clock_that_is_wrong(
    here: Path, telegram: LoopbackTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = {"telegram_bot_token": TOKEN, "telegram_api_base_url": telegram.url}
    assert "NTP" not in examined("clock", **chosen)
    real = clocks.now
    monkeypatch.setattr(clocks, "now", lambda: real() + timedelta(minutes=10))
    assert "problem: this computer's clock is +6" in examined("clock", **chosen)


def test_a_public_address_that_is_wrong(here: Path, telegram: LoopbackTelegram) -> None:
    chosen = {
        "telegram_bot_token": TOKEN,
        "telegram_api_base_url": telegram.url,
        "telegram_mode": "webhook",
        "telegram_webhook_secret": "s" * 20,
        "simulator": False,
    }
    somebody_else = {**chosen, "public_url": telegram.url}
    assert "answers 404, not 401" in examined("public address", **somebody_else)
    nobody = {**chosen, "public_url": "http://127.0.0.1:9"}
    assert "does not answer: is the assistant running" in examined("public address", **nobody)
    assert "PUBLIC_URL must begin with https://" in examined("settings", **nobody)
    polling = {"telegram_bot_token": TOKEN, "telegram_api_base_url": telegram.url}
    assert examined("public address", **polling) == ""


def test_updates_that_go_to_another_copy(here: Path, telegram: LoopbackTelegram) -> None:
    polling = {"telegram_bot_token": TOKEN, "telegram_api_base_url": telegram.url}
    assert examined("webhook", **polling) == ""
    telegram.webhook_url = "https://old.example.org/telegram/webhook"
    assert "TELEGRAM_MODE is polling: does another copy" in examined("webhook", **polling)
    ours = {
        **polling,
        "telegram_mode": "webhook",
        "telegram_webhook_secret": "s" * 20,
        "public_url": "http://127.0.0.1:9",
        "simulator": False,
    }
    assert "sends updates to https://old.example.org/" in examined("webhook", **ours)
    telegram.webhook_url = ""
    assert "knows no webhook yet" in examined("webhook", **ours)
    telegram.webhook_url = "http://127.0.0.1:9/telegram/webhook"
    assert examined("webhook", **ours) == ""


@pytest.mark.usefixtures("here")
def test_what_is_for_trying_beside_a_real_channel(telegram: LoopbackTelegram) -> None:
    real = {"telegram_bot_token": TOKEN, "telegram_api_base_url": telegram.url}
    assert "unset it" in examined("simulator", simulator=True, **real)
    assert "invented offers would reach people" in examined("demo", demo=True, **real)
    assert examined("simulator", **real) == "" and examined("demo", **real) == ""


@pytest.mark.usefixtures("here")
def test_a_token_that_is_refused(telegram: LoopbackTelegram) -> None:
    chosen = {"telegram_api_base_url": telegram.url}
    assert examined("telegram", telegram_bot_token=TOKEN, **chosen).startswith("ok: ")
    wrong = examined("telegram", telegram_bot_token=TOKEN[:-1] + "x", **chosen)
    assert wrong.startswith("problem: Telegram does not accept the token")


@pytest.mark.usefixtures("here")
def test_languages_that_are_not_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: str) -> None:
        raise UncompiledCatalogError("locales/fr: run `make catalogs`")

    monkeypatch.setattr("bot.doctor.load_languages", fail)
    assert examined("catalogs") == "problem: locales/fr: run `make catalogs`"


@pytest.mark.usefixtures("here")
def test_questions_that_were_not_learned(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert examined("understanding") == ""
    missing = tmp_path / "questions.npz"
    monkeypatch.setattr("bot.doctor.load_understanding", lambda: load(missing))
    assert "problem: the model of the understanding is missing" in examined("understanding")


@pytest.mark.usefixtures("here")
def test_settings_without_a_file() -> None:
    assert examined("settings").startswith("warning: there is no .env")
    assert examined("settings", http_port=8081) == "ok: read from the environment"


# ── the database ────────────────────────────────────────────────────────────────────────────────


def test_a_database_behind_the_release(here: Path, engine: Engine) -> None:
    url = engine.url.render_as_string()
    assert "up to date" in examined("database", database_url=url)
    old = f"sqlite:///{here}/old.db"
    behind = open_database(old)
    upgrade(behind, "0001")
    behind.dispose()
    assert examined("database", database_url=old) == "problem: run `python admin_cli.py db upgrade`"


def add(engine: Engine, model: Any, **values: Any) -> None:
    with engine.begin() as connection:
        row = model(**values).model_dump(exclude={"id"} if "id" in model.model_fields else set())
        connection.execute(insert(model), [row])


def findings(engine: Engine, clock: Clock) -> dict[str, str]:
    with engine.begin() as connection:
        found = [*database.at_work(connection, clock()), *database.backups(connection, clock())]
    return {finding.check: f"{finding.state}: {finding.says}" for finding in found}


def test_turns_and_answers_that_wait(engine: Engine, clock: Clock) -> None:
    add(engine, Inbox, channel="telegram", external_id="1", address="a", received_at=START)
    add(
        engine,
        Outbox,
        channel="telegram",
        address="a",
        body="{}",
        origin="reply",
        due_at=START,
        created_at=START,
    )
    assert findings(engine, clock) == {}
    clock.pass_time(minutes=6)
    found = findings(engine, clock)
    assert found["worker"].endswith("has a process role worker?")
    assert found["sender"].endswith("has a process role sender?")
    with engine.begin() as connection:
        connection.execute(text("UPDATE inbox SET handled_at = 1"))
        connection.execute(text("UPDATE outbox SET status = 'unknown'"))
    found = findings(engine, clock)
    assert found == {
        "outbox": "warning: 1 messages may not have arrived: "
        "`admin_cli.py broadcast unknown` lists them"
    }


def person(engine: Engine) -> None:
    add(engine, Contact, created_at=START, language="it", alerts="off")


def test_a_scheduler_that_does_not_tick(engine: Engine, clock: Clock) -> None:
    clock.pass_time(days=3)
    assert "scheduler" not in findings(engine, clock)  # nobody has written yet
    person(engine)
    assert findings(engine, clock)["scheduler"].startswith("problem: nothing was done by the clock")
    add(engine, JobRun, job="ask_providers", day=clock().date(), at=clock())
    assert "scheduler" not in findings(engine, clock)
    clock.pass_time(days=3)
    assert "since 2026-11-26" in findings(engine, clock)["scheduler"]


def test_no_backup_and_never_gone_back(engine: Engine, clock: Clock) -> None:
    assert "backup" not in findings(engine, clock)
    person(engine)
    assert "there is no backup" in findings(engine, clock)["backup"]
    _write_down(engine, clock, "backup")
    found = findings(engine, clock)
    assert "backup" not in found and "nobody tried to go back" in found["restore"]
    _write_down(engine, clock, "rehearse restore")
    assert "restore" not in findings(engine, clock)
    clock.pass_time(days=101)
    found = findings(engine, clock)
    assert "the last backup is of 2026-11-23" in found["backup"] and "restore" in found


def _write_down(engine: Engine, clock: Clock, action: str) -> None:
    with engine.begin() as connection:
        record(connection, By("anna", clock()), action, [("database", None, {})])


def test_invented_offers_beside_a_real_channel(engine: Engine) -> None:
    demo = ROOT / "content"
    real = made(telegram_bot_token=TOKEN)
    with engine.begin() as connection:
        assert "invented offers" in said(database.offers(connection, real, demo), "demo")
        assert said(database.offers(connection, made(), demo), "demo") == ""
        connection.execute(text("UPDATE listing SET status = 'closed'"))
        assert said(database.offers(connection, real, demo), "demo") == ""
        assert "no published offer" in said(database.offers(connection, real, demo), "content")


def test_templates_that_meta_has_not_approved(engine: Engine) -> None:
    settings = made(
        twilio_account_sid="AC" + "0" * 32,
        twilio_auth_token="x" * 32,
        twilio_whatsapp_from="whatsapp:+390141000011",
        public_url="https://sportello.example.org",
    )

    def seen() -> str:
        with engine.begin() as connection:
            return said(database.whatsapp_templates(connection, settings), "templates")

    assert "whatsapp provision" in seen()
    add(engine, Template, name="list_picker_1", sid="HX1")
    assert seen() == ""
    add(engine, Template, name="news_waiting_it", sid="HX2", approval="rejected")
    assert "Meta has not approved news_waiting_it" in seen()
