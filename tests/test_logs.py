"""No secret reaches a log, whoever writes it and however."""

import io
import logging
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from bot.logs import _LOUD, Redaction, set_up_logs
from bot.settings import Settings

TOKEN = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1"
STRANGER = "987654321:BBHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw2"
PASSWORD = "correct-horse-battery"
AUTH = "0123456789abcdef0123456789abcdef"
DATABASE_PASSWORD = "staple-battery-horse"
URL = f"postgresql://desk:{DATABASE_PASSWORD}@db.example.org/sportello"
SEALING = "c2VhbGluZyBrZXkgb2YgYSB0ZXN0"
SECRETS = (TOKEN, PASSWORD, AUTH, URL, SEALING)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What is written on standard error after `set_up_logs`; the logging is put back after."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in (*_LOUD, "apscheduler", "alembic")}
    root.handlers = []
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    set_up_logs(
        Settings(  # type: ignore[call-arg]
            _env_file=None,
            telegram_bot_token=SecretStr(TOKEN),
            twilio_auth_token=SecretStr(AUTH),
            simulator_password=SecretStr(PASSWORD),
            database_url=SecretStr(URL),
            sealing_keys=SecretStr(f"an-older-key {SEALING}"),
        ),
        logging.DEBUG,
    )
    yield written
    root.handlers = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def assert_hidden(written: io.StringIO) -> None:
    text = written.getvalue()
    assert "[hidden]" in text
    for secret in SECRETS:
        assert secret not in text


@pytest.mark.parametrize("secret", SECRETS)
def test_in_a_message(log: io.StringIO, secret: str) -> None:
    logging.getLogger("x").warning(f"calling https://api/bot{secret}/send")
    assert_hidden(log)
    assert "calling https://api/bot[hidden]/send" in log.getvalue()


@pytest.mark.parametrize("secret", SECRETS)
def test_in_arguments(log: io.StringIO, secret: str) -> None:
    logging.getLogger("x").info("%s and %r and %d", secret, {"password": secret}, 7)
    assert_hidden(log)
    assert "and 7" in log.getvalue()


@pytest.mark.parametrize("secret", SECRETS)
def test_in_a_traceback(log: io.StringIO, secret: str) -> None:
    try:
        try:
            raise ValueError(f"cannot connect to {secret}")
        except ValueError as error:
            raise RuntimeError(f"gave up on {secret}") from error
    except RuntimeError:
        logging.getLogger("x").exception("oh no: %s", secret)
    assert_hidden(log)
    assert "RuntimeError: gave up on [hidden]" in log.getvalue()
    assert "ValueError: cannot connect to [hidden]" in log.getvalue()


def test_the_databases_password_alone(log: io.StringIO) -> None:
    logging.getLogger("x").warning("refused: password %s", DATABASE_PASSWORD)
    assert DATABASE_PASSWORD not in log.getvalue()


def test_the_token_of_another_bot(log: io.StringIO) -> None:
    logging.getLogger("x").warning("got %s", STRANGER)
    assert STRANGER not in log.getvalue() and "got [hidden]" in log.getvalue()


def test_stack_information(log: io.StringIO) -> None:
    logging.getLogger("x").warning("here", stack_info=True)
    assert "here" in log.getvalue() and "test_stack_information" in log.getvalue()


@pytest.mark.parametrize(
    "name", ["httpx", "httpcore", "telegram", "telegram.ext", "twilio", "aiohttp.access", "alembic"]
)
def test_chatty_libraries_speak_from_warning_only(log: io.StringIO, name: str) -> None:
    logging.getLogger(name).info("POST https://api.telegram.org/bot%s/sendMessage", TOKEN)
    assert log.getvalue() == ""
    logging.getLogger(name).warning("trouble with %s", TOKEN)
    assert "trouble with [hidden]" in log.getvalue()


def test_what_is_no_secret_stays(log: io.StringIO) -> None:
    logging.getLogger("bot").info("letter %d on %s: %s", 12, "telegram", "busy")
    assert "INFO bot: letter 12 on telegram: busy" in log.getvalue()


def test_a_long_secret_is_hidden_before_a_part_of_it() -> None:
    redaction = Redaction(["horse-battery", "correct-horse-battery", "", "short"])
    assert redaction.clean("correct-horse-battery, horse-battery, short") == (
        "[hidden], [hidden], short"
    )
