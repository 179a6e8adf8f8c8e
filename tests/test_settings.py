"""Settings: a wrong value is one line that names the variable and what is right, no secret."""

import re
from pathlib import Path

import pytest

from bot.channel import LONGEST_SEND_SECONDS
from bot.settings import Settings, WrongSettingError, load_settings
from tests.conftest import ROOT

SECRET = "s3cr3t-hunter2-value"
TOKEN = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1"
TELEGRAM = {"TELEGRAM_BOT_TOKEN": TOKEN}
WEBHOOK = {
    **TELEGRAM,
    "TELEGRAM_MODE": "webhook",
    "TELEGRAM_WEBHOOK_SECRET": SECRET,
    "PUBLIC_URL": "https://desk.example.org",
}
WHATSAPP = {
    "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
    "TWILIO_AUTH_TOKEN": SECRET,
    "TWILIO_WHATSAPP_FROM": "whatsapp:+390141000011",
    "PUBLIC_URL": "https://desk.example.org",
}


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the machine, no .env."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def load(monkeypatch: pytest.MonkeyPatch, **values: str) -> Settings:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return load_settings()


@pytest.mark.parametrize(
    ("values", "name", "right"),
    [
        ({"DATABASE_URL": f"mysql://u:{SECRET}@h/d"}, "DATABASE_URL", "sqlite:///"),
        ({"DATABASE_URL": SECRET}, "DATABASE_URL", "postgresql://"),
        ({"HTTP_PORT": "http"}, "HTTP_PORT", "integer"),
        ({"HTTP_PORT": "0"}, "HTTP_PORT", "greater than or equal to 1"),
        ({"HTTP_PORT": "65536"}, "HTTP_PORT", "less than or equal to 65535"),
        ({"PUBLIC_URL": "desk.example.org"}, "PUBLIC_URL", "https://sportello.example.org"),
        ({"PUBLIC_URL": "ftp://desk.example.org"}, "PUBLIC_URL", "https://"),
        ({"TELEGRAM_API_BASE_URL": "x"}, "TELEGRAM_API_BASE_URL", "web address"),
        ({"TWILIO_API_BASE_URL": "https://"}, "TWILIO_API_BASE_URL", "web address"),
        ({"TELEGRAM_MODE": "push"}, "TELEGRAM_MODE", "'polling' or 'webhook'"),
        ({"TELEGRAM_BOT_TOKEN": f"bot {SECRET}"}, "TELEGRAM_BOT_TOKEN", "BotFather"),
        ({"OPERATORS_CHAT_ID": "@operators"}, "OPERATORS_CHAT_ID", "-1001234567890"),
        ({**WHATSAPP, "TWILIO_ACCOUNT_SID": "SK" + "1" * 32}, "TWILIO_ACCOUNT_SID", "AC and 32"),
        ({**WHATSAPP, "TWILIO_WHATSAPP_FROM": "0141 000 011"}, "TWILIO_WHATSAPP_FROM", "+39"),
        ({**WEBHOOK, "TELEGRAM_WEBHOOK_SECRET": f"{SECRET} €"}, "TELEGRAM_WEBHOOK_SECRET", "A-Z"),
        ({**WEBHOOK, "TELEGRAM_WEBHOOK_SECRET": "x" * 257}, "TELEGRAM_WEBHOOK_SECRET", "256"),
        ({**WEBHOOK, "TELEGRAM_WEBHOOK_SECRET": ""}, "TELEGRAM_WEBHOOK_SECRET", "missing"),
        ({**WEBHOOK, "PUBLIC_URL": ""}, "PUBLIC_URL", "public https address"),
        ({**WHATSAPP, "TWILIO_AUTH_TOKEN": ""}, "TWILIO_AUTH_TOKEN", "missing"),
        ({**WHATSAPP, "TWILIO_WHATSAPP_FROM": ""}, "TWILIO_WHATSAPP_FROM", "whatsapp:+39"),
        ({**WHATSAPP, "PUBLIC_URL": ""}, "PUBLIC_URL", "missing"),
        ({"TIMEZONE": "Europe/Asti"}, "TIMEZONE", "Europe/Rome"),
        ({"TIMEZONE": "../../etc/passwd"}, "TIMEZONE", "Europe/Rome"),
        ({"SIMULATOR": "maybe"}, "SIMULATOR", "boolean"),
        ({"DEMO": "2"}, "DEMO", "boolean"),
        ({"SEND_LEASE_SECONDS": "0"}, "SEND_LEASE_SECONDS", "greater than or equal to 30"),
        ({"SEND_LEASE_SECONDS": "29"}, "SEND_LEASE_SECONDS", "greater than or equal to 30"),
        ({"SEND_LEASE_SECONDS": "1h"}, "SEND_LEASE_SECONDS", "integer"),
        ({"HTTP_HOST": "0.0.0.0"}, "SIMULATOR_PASSWORD", "HTTP_HOST is public"),
        ({"HTTP_HOST": "::"}, "SIMULATOR_PASSWORD", "HTTP_HOST is public"),
        ({"HTTP_HOST": "desk.local"}, "SIMULATOR_PASSWORD", "HTTP_HOST is public"),
        ({"PUBLIC_URL": "https://desk.example.org"}, "SIMULATOR_PASSWORD", "missing"),
    ],
)
def test_a_wrong_value_is_one_line_that_says_what_is_right(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], name: str, right: str
) -> None:
    with pytest.raises(WrongSettingError) as caught:
        load(monkeypatch, **values)
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith(name) and right in line and line.endswith("(see .env.example)")
    for shown in (line, repr(caught.value), str(caught.value.__cause__)):
        assert SECRET not in shown and TOKEN not in shown
    assert caught.value.__suppress_context__


def test_a_lease_outlasts_the_longest_send(monkeypatch: pytest.MonkeyPatch) -> None:
    shortest = load(monkeypatch, SEND_LEASE_SECONDS="30").send_lease_seconds
    assert shortest > LONGEST_SEND_SECONDS


def test_no_secret_in_what_settings_show_of_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(
        monkeypatch,
        **WEBHOOK | WHATSAPP,
        SIMULATOR_PASSWORD=SECRET,
        DATABASE_URL=f"postgresql://u:{SECRET}@h/d",
    )
    for shown in (repr(settings), str(settings), f"{settings.model_dump()}"):
        assert SECRET not in shown and TOKEN not in shown
    assert settings.twilio_auth_token.get_secret_value() == SECRET


def test_without_any_setting_the_simulator_runs_here_only(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch)
    assert settings.uses_simulator and not settings.is_public and not settings.demo
    assert not (settings.uses_telegram or settings.uses_whatsapp)
    assert settings.database_url.get_secret_value() == "sqlite:///data/sportello.db"
    assert settings.zone.key == "Europe/Rome"


@pytest.mark.parametrize(
    ("values", "simulator"),
    [
        ({}, True),
        ({"SIMULATOR": ""}, True),
        ({"SIMULATOR": "0"}, False),
        (TELEGRAM, False),
        ({**TELEGRAM, "SIMULATOR": "1"}, True),
        (WHATSAPP, False),
    ],
)
def test_the_simulator_is_on_while_no_channel_is(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], simulator: bool
) -> None:
    assert load(monkeypatch, **values).uses_simulator is simulator


@pytest.mark.parametrize(
    ("host", "url", "public"),
    [
        ("127.0.0.1", "", False),
        ("localhost", "", False),
        ("::1", "", False),
        ("127.0.0.1", "http://localhost:8080", False),
        ("0.0.0.0", "", True),
        ("192.168.1.5", "", True),
        ("127.0.0.1", "https://desk.example.org", True),
    ],
)
def test_what_others_can_reach(
    monkeypatch: pytest.MonkeyPatch, host: str, url: str, public: bool
) -> None:
    settings = load(monkeypatch, HTTP_HOST=host, PUBLIC_URL=url, SIMULATOR_PASSWORD=SECRET)
    assert settings.is_public is public


def test_an_empty_value_means_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    empty = {name.upper(): "" for name in Settings.model_fields}
    assert load(monkeypatch, **empty) == Settings(_env_file=None)  # type: ignore[call-arg]


def test_the_example_file_names_every_setting_and_works(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    names = re.findall(r"^([A-Z_]+)=", example, re.MULTILINE)
    assert sorted(names) == sorted(name.upper() for name in Settings.model_fields)
    (tmp_path / ".env").write_text(example, encoding="utf-8")
    assert load_settings() == Settings(_env_file=None)  # type: ignore[call-arg]


def test_the_environment_wins_over_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("HTTP_PORT=9000\nUNKNOWN=1\nTIMEZONE=Europe/Paris\n")
    settings = load(monkeypatch, HTTP_PORT="9001")
    assert (settings.http_port, settings.timezone) == (9001, "Europe/Paris")


def test_a_web_address_ends_without_a_slash(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, PUBLIC_URL="https://desk.example.org/", SIMULATOR_PASSWORD=SECRET)
    assert settings.public_url == "https://desk.example.org"
