"""Settings, from the environment and `.env`; a wrong value stops the program with one line."""

import os
import re
from datetime import time
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bot.channel import LONGEST_SEND_SECONDS
from flows.outreach.quiet import Quiet, parse_days
from flows.outreach.verdict import Rules
from storage.database import default_key_file
from storage.erased import file_of
from storage.key_file import Keys

TELEGRAM_API = "https://api.telegram.org"
TWILIO_API = "https://api.twilio.com"
_TO_WRITE_DOWN = 5  # what a send came to, in seconds

# What the providers give out: a pattern, and what it looks like.
_SHAPES = {
    "telegram_bot_token": (r"[0-9]+:[A-Za-z0-9_-]+", "what BotFather gave you, like 123456:AA…"),
    "telegram_webhook_secret": (r"[A-Za-z0-9_-]{1,256}", "1 to 256 of A-Z, a-z, 0-9, _ and -"),
    "twilio_account_sid": (r"AC[0-9a-fA-F]{32}", "AC and 32 of 0-9 and a-f, as Twilio shows it"),
    "twilio_whatsapp_from": (r"(whatsapp:)?\+[0-9]{6,15}", "like whatsapp:+390141000011"),
    "sentry_dsn": (r"https?://[^@/ ]+@[^@ ]+/[0-9]+", "like https://key@sentry.example.org/1"),
    "operators_chat_id": (r"-?[0-9]+", "a number such as -1001234567890"),
}


class WrongSettingError(Exception):
    """One line: which variable, and what would be right. Never the value of a secret."""


class Settings(BaseSettings):
    """Every variable of `.env.example`."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", hide_input_in_errors=True)

    database_url: SecretStr = SecretStr("sqlite:///data/sportello.db")
    sealing_key_file: str = ""
    sealing_keys: SecretStr = SecretStr("")
    http_host: str = "127.0.0.1"
    http_port: int = Field(8080, ge=1, le=65535)
    public_url: str = ""
    telegram_bot_token: SecretStr = SecretStr("")
    telegram_api_base_url: str = TELEGRAM_API
    telegram_mode: Literal["polling", "webhook"] = "polling"
    telegram_webhook_secret: SecretStr = SecretStr("")
    twilio_account_sid: str = ""
    twilio_auth_token: SecretStr = SecretStr("")
    twilio_whatsapp_from: str = ""
    twilio_api_base_url: str = TWILIO_API
    telegram_messages_per_second: int = Field(30, ge=0, le=1000)
    whatsapp_messages_per_second: int = Field(10, ge=0, le=1000)
    messages_per_minute: int = Field(40, ge=0, le=10_000)
    timezone: str = "Europe/Rome"
    default_language: str = "it"
    simulator: bool | None = None
    simulator_password: SecretStr = SecretStr("")
    send_lease_seconds: int = Field(40, ge=LONGEST_SEND_SECONDS + _TO_WRITE_DOWN, le=3600)
    demo: bool = False
    log_format: Literal["text", "json"] = "text"
    sentry_dsn: SecretStr = SecretStr("")
    metrics_host: str = "127.0.0.1"
    metrics_port: int = Field(0, ge=0, le=65535)
    backup_folder: str = "data/backups"
    backup_key_file: str = ""
    erased_file: str = ""
    inactive_months: int = Field(24, ge=6, le=120)
    privacy_controller: str = ""
    privacy_contact: str = ""
    privacy_dpo: str = ""
    privacy_server: str = ""
    sportello_operator: str = ""
    operators_chat_id: str = ""
    quiet_from: time = time(21)
    quiet_until: time = time(8)
    quiet_days: str = ""
    weekly_messages: int = Field(3, ge=1, le=100)
    whatsapp_text_euros: float = Field(0.0, ge=0, le=10)
    whatsapp_template_euros: float = Field(0.0, ge=0, le=10)

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: object, info: object) -> object:
        name = getattr(info, "field_name", "")
        return cls.model_fields[name].default if value == "" else value

    @field_validator("database_url")
    @classmethod
    def _readable_url(cls, value: SecretStr) -> SecretStr:
        try:
            backend = make_url(value.get_secret_value()).get_backend_name()
        except ArgumentError:
            backend = ""
        if backend not in ("sqlite", "postgresql"):
            raise ValueError(
                "should be like sqlite:///data/sportello.db or postgresql://user:password@host/name"
            )
        return value

    @field_validator("public_url", "telegram_api_base_url", "twilio_api_base_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("should be a web address such as https://sportello.example.org")
        return value.rstrip("/")

    @field_validator(*_SHAPES)
    @classmethod
    def _well_formed(cls, value: SecretStr | str, info: ValidationInfo) -> SecretStr | str:
        pattern, right = _SHAPES[str(info.field_name)]
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if text and not re.fullmatch(pattern, text):
            raise ValueError(f"should be {right}")
        return value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError("should be a zone of the tz database such as Europe/Rome") from None
        return value

    @field_validator("quiet_days")
    @classmethod
    def _known_days(cls, value: str) -> str:
        try:
            parse_days(value)
        except ValueError:
            raise ValueError("should be days such as 12-25, 2027-03-28") from None
        return value

    @model_validator(mode="after")
    def _complete(self) -> "Settings":
        if self.uses_telegram and self.telegram_mode == "webhook":
            _need("PUBLIC_URL", self.public_url, "the public https address of this server")
            secret = self.telegram_webhook_secret.get_secret_value()
            _need("TELEGRAM_WEBHOOK_SECRET", secret, "a long random word you choose")
        if self.uses_whatsapp:
            _need("TWILIO_AUTH_TOKEN", self.twilio_auth_token.get_secret_value(), "from Twilio")
            _need(
                "TWILIO_WHATSAPP_FROM", self.twilio_whatsapp_from, "such as whatsapp:+390141000011"
            )
            _need("PUBLIC_URL", self.public_url, "the public https address of this server")
        if self.uses_simulator and self.is_public:
            password = self.simulator_password.get_secret_value()
            _need("SIMULATOR_PASSWORD", password, "a password, because HTTP_HOST is public")
        return self

    @property
    def keys(self) -> Keys:
        """Where the keys are that open the database."""
        url = self.database_url.get_secret_value()
        file = Path(self.sealing_key_file) if self.sealing_key_file else default_key_file(url)
        return Keys(file, self.sealing_keys.get_secret_value())

    @property
    def uses_telegram(self) -> bool:
        """Whether Telegram joins in."""
        return bool(self.telegram_bot_token.get_secret_value())

    @property
    def uses_whatsapp(self) -> bool:
        """Whether WhatsApp joins in."""
        return bool(self.twilio_account_sid)

    @property
    def rates(self) -> dict[str, int]:
        """Messages a second for each channel that has a limit."""
        rates = {
            "telegram": self.telegram_messages_per_second,
            "whatsapp": self.whatsapp_messages_per_second,
        }
        return {channel: rate for channel, rate in rates.items() if rate}

    @property
    def uses_simulator(self) -> bool:
        """On when asked for, and by default when no channel has credentials."""
        if self.simulator is None:
            return not (self.uses_telegram or self.uses_whatsapp)
        return self.simulator

    @property
    def is_public(self) -> bool:
        """Whether others than this machine can reach the server."""
        if self.http_host == "localhost":
            own = True
        else:
            try:
                own = ip_address(self.http_host).is_loopback
            except ValueError:
                own = False
        public = urlsplit(self.public_url).hostname or "localhost"
        return not own or public not in ("localhost", "127.0.0.1", "::1")

    @property
    def list_of_erased(self) -> Path:
        """Where it is written down, by number, who was erased."""
        if self.erased_file:
            return Path(self.erased_file)
        return file_of(self.database_url.get_secret_value())

    @cached_property
    def zone(self) -> ZoneInfo:
        """The desk's time zone."""
        return ZoneInfo(self.timezone)

    @cached_property
    def rules(self) -> Rules:
        """What holds for all that is written to people unasked."""
        quiet = Quiet(self.quiet_from, self.quiet_until, parse_days(self.quiet_days))
        return Rules(self.zone, quiet, self.weekly_messages)


def _need(name: str, value: str, right: str) -> None:
    if not value:
        raise ValueError(f"{name} is missing: {right}")


def _secret_folders() -> list[Path]:
    """Where a container and systemd (LoadCredential) put secrets: a file for each variable."""
    named = (os.environ.get("CREDENTIALS_DIRECTORY", ""), "/run/secrets")
    return [Path(name) for name in named if name and Path(name).is_dir()]


def load_settings() -> Settings:
    """The settings of this process. Raises WrongSettingError, one line."""
    try:
        return Settings(_secrets_dir=_secret_folders())  # type: ignore[call-arg]
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"]).upper()
        reason = str(first["msg"]).removeprefix("Value error, ")
        line = f"{name}: {reason}" if name else reason
        raise WrongSettingError(f"{line} (see .env.example)") from None
