"""Logging without secrets: tokens never reach a log, whoever writes it."""

import json
import logging
import re
from datetime import UTC, datetime

from sqlalchemy.engine import make_url

from bot import tracing
from bot.settings import Settings

_LOUD = ("httpx", "httpcore", "telegram", "twilio", "twilio.http_client", "aiohttp.access")
_HIDDEN = "[hidden]"
_TOKEN = re.compile(r"\d{6,12}:[A-Za-z0-9_-]{30,}")  # a Telegram bot token, whosever it is
_LINE = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class Redaction(logging.Filter):
    """Takes secrets out of every record, arguments and tracebacks included."""

    def __init__(self, secrets: list[str]) -> None:
        super().__init__()
        self._secrets = sorted((s for s in secrets if len(s) > 5), key=len, reverse=True)

    def filter(self, record: logging.LogRecord) -> bool:
        """Always True; the record is changed where it holds a secret."""
        record.msg, record.args = self.clean(record.getMessage()), ()
        if record.exc_info:
            record.exc_text = self.clean(logging.Formatter().formatException(record.exc_info))
            record.exc_info = None
        return True

    def clean(self, text: str) -> str:
        """``text`` without any secret of ours."""
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        return _TOKEN.sub(_HIDDEN, text)


class TextLines(logging.Formatter):
    """For people: one line, with the trace at its end where there is one."""

    def __init__(self) -> None:
        super().__init__(_LINE)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's name)
        """The line, before any traceback."""
        line, trace = super().formatMessage(record), _trace(record)
        return f"{line} trace={trace}" if trace else line


class JsonLines(logging.Formatter):
    """For machines: an object a line, its keys a closed list."""

    def format(self, record: logging.LogRecord) -> str:
        """``at``, ``level``, ``part``, ``says``, and ``trace`` and ``error`` where there are."""
        line: dict[str, str | int] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "part": record.name,
            "process": record.process or 0,
            "says": record.getMessage(),
        }
        if trace := _trace(record):
            line["trace"] = trace
        if record.exc_text:
            line["error"] = record.exc_text
        return json.dumps(line, ensure_ascii=False)


def _trace(record: logging.LogRecord) -> int:
    return int(getattr(record, "trace", 0)) or tracing.trace()


def secrets_of(settings: Settings) -> list[str]:
    """What must not be read in a log or a report."""
    url = settings.database_url.get_secret_value()
    return [
        settings.telegram_bot_token.get_secret_value(),
        settings.telegram_webhook_secret.get_secret_value(),
        settings.twilio_auth_token.get_secret_value(),
        settings.simulator_password.get_secret_value(),
        settings.sentry_dsn.get_secret_value(),
        *settings.sealing_keys.get_secret_value().replace(",", " ").split(),
        url,
        make_url(url).password or "",
    ]


def set_up_logs(settings: Settings, level: int = logging.INFO) -> None:
    """One handler on standard error, with the redaction; chatty libraries only from WARNING."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if settings.log_format == "json" else TextLines())
    handler.addFilter(Redaction(secrets_of(settings)))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in (*_LOUD, "apscheduler", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # a tick may take longer than a beat: it warns of each beat that it skips
    logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
