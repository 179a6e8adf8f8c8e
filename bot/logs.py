"""Logging without secrets: tokens never reach a log, whoever writes it."""

import logging
import re

from sqlalchemy.engine import make_url

from bot.settings import Settings

_LOUD = ("httpx", "httpcore", "telegram", "twilio", "twilio.http_client", "aiohttp.access")
_HIDDEN = "[hidden]"
_TOKEN = re.compile(r"\d{6,12}:[A-Za-z0-9_-]{30,}")  # a Telegram bot token, whosever it is


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


def set_up_logs(settings: Settings, level: int = logging.INFO) -> None:
    """One handler on standard error, with the redaction; chatty libraries only from WARNING."""
    secrets = [
        settings.telegram_bot_token.get_secret_value(),
        settings.telegram_webhook_secret.get_secret_value(),
        settings.twilio_auth_token.get_secret_value(),
        settings.simulator_password.get_secret_value(),
        settings.database_url.get_secret_value(),
        make_url(settings.database_url.get_secret_value()).password or "",
    ]
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.addFilter(Redaction(secrets))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in (*_LOUD, "apscheduler", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
