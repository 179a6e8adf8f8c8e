"""What `deploy/` says holds together: nothing is open that need not be, and all of it exists."""

import re
import shutil
import subprocess
from configparser import RawConfigParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.notice import FOLDER
from bot.notice import PATH as NOTICE
from bot.runtime import ROLES
from bot.settings import Settings, load_settings
from bot.telegram.webhook import PATH as TELEGRAM
from bot.whatsapp.channel import STATUS_PATH, WEBHOOK_PATH
from bot.whatsapp.files import PATH as FILES
from tests.conftest import ROOT

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
VARIABLES = {name.upper() for name in Settings.model_fields}


class Unit(RawConfigParser):
    """A unit: names keep their case, and may come twice."""

    def __init__(self, path: Path) -> None:
        super().__init__(strict=False, comment_prefixes="#", delimiters="=")
        self.read_string(path.read_text())

    def optionxform(self, optionstr: str) -> str:
        return optionstr


# ── what the pages say ──────────────────────────────────────────────────────────────────────────


def test_a_release_is_built_with_the_model_and_without_a_database() -> None:
    """`make catalogs` alone, which the pages said once, gives a program that does not start."""
    plan = subprocess.run(
        ["make", "--dry-run", "--always-make", "build"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert "questions train" in plan and "pybabel" in plan and "admin_cli.py init" not in plan
    for page in ("README.md", "docs/running.md", "deploy/README.md"):
        words = (ROOT / page).read_text()
        assert "make build" in words and "make catalogs" not in words


# ── systemd ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_is_hardened(path: Path) -> None:
    service = Unit(path)["Service"]
    expected = {
        "User": "sportello",
        "ProtectSystem": "strict",
        "ReadWritePaths": "/opt/sportello/data",
        "NoNewPrivileges": "true",
        "PrivateTmp": "true",
        "PrivateDevices": "true",
        "CapabilityBoundingSet": "",
        "MemoryDenyWriteExecute": "true",
        "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
        "UMask": "0077",
    }
    assert {name: service[name] for name in expected} == expected
    text = path.read_text()
    assert "SystemCallFilter=@system-service\nSystemCallFilter=~@privileged\n" in text
    assert service["ExecStart"].startswith("/opt/sportello/.venv/bin/python ")


def test_the_same_hardening_everywhere() -> None:
    def hardening(path: Path) -> str:
        return path.read_text().partition("# It may write")[2].partition("\n[")[0].strip()

    assert len({hardening(path) for path in UNITS}) == 1


def test_the_units_run_what_there_is() -> None:
    one, template = (
        DEPLOY / "systemd" / name for name in ("sportello.service", "sportello@.service")
    )
    assert Unit(one)["Service"]["ExecStart"].endswith("-m bot")
    assert Unit(template)["Service"]["ExecStart"].endswith("-m bot --role %i")
    assert set(re.findall(r"sportello@(\w+)", template.read_text())) == set(ROLES)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze here")
@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_systemd_finds_it_hardened(path: Path) -> None:
    """10 is worst; a unit without any hardening has 9.6."""
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    if "Unknown" in done.stderr or "nrecognized option" in done.stderr:
        pytest.skip("an older systemd-analyze")
    assert done.returncode == 0, done.stdout[-300:] + done.stderr


# ── compose ─────────────────────────────────────────────────────────────────────────────────────


def test_only_the_web_server_has_ports() -> None:
    assert set(SERVICES) == {"assistant", "prepare", "backup", "database", "caddy"}
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["caddy"]
    assert SERVICES["database"]["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert "inside" not in SERVICES["caddy"]["networks"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_is_hardened(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "caddy" else [])
    assert service.get("user", "caddy's own") not in ("root", "0", "0:0")
    assert re.search(r":\d+\.\d+(\.\d+)?(-\w+)?$", service["image"]), "a version, never latest"
    assert "privileged" not in service and "network_mode" not in service
    once = name in ("prepare", "backup")
    assert once or "healthcheck" in service


def test_secrets_are_files_and_there_is_one_for_each() -> None:
    declared = COMPOSE["secrets"]
    used = {secret for service in SERVICES.values() for secret in service.get("secrets", [])}
    assert used == set(declared)
    assert all(entry == {"file": f"secrets/{name}"} for name, entry in declared.items())
    for service in SERVICES.values():
        for name, value in (service.get("environment") or {}).items():
            assert not re.search("PASSWORD|TOKEN|SECRET|KEY", name) or "/run/secrets/" in value
    own = set(SERVICES["assistant"]["secrets"]) - {"backup_key"}
    assert {name.upper() for name in own} <= VARIABLES


def test_what_is_set_exists() -> None:
    names = re.findall(
        r"^#?([A-Z_]+)=", (DEPLOY / "compose" / "sportello.env.example").read_text(), re.M
    )
    assert set(names) - {"SITE"} <= VARIABLES
    assert set(SERVICES["assistant"]["environment"]) <= VARIABLES


def test_the_image_runs_as_nobody_and_holds_no_secret() -> None:
    folder = DEPLOY / "compose"
    lines = (folder / "Dockerfile").read_text().splitlines()
    images = [line.split()[1] for line in lines if line.startswith("FROM")]
    assert all(re.search(r":\d+\.\d+\.\d+-", image) for image in images)
    assert "USER 10001:10001" in lines
    ignored = (folder / "Dockerfile.dockerignore").read_text().splitlines()
    assert ignored[0] == "**"
    kept = [line[1:] for line in ignored if line.startswith("!")]
    assert all((ROOT / name).exists() for name in kept)
    assert not {".env", "data", "."} & set(kept)
    assert any(FOLDER.is_relative_to(ROOT / name) for name in kept), "the notice is in the image"


# ── Caddy ───────────────────────────────────────────────────────────────────────────────────────


def test_only_what_providers_call_and_the_notice_are_public() -> None:
    text = (DEPLOY / "compose" / "Caddyfile").read_text()
    active = "\n".join(line for line in text.splitlines() if not line.strip().startswith("#"))
    paths = re.findall(r"^\s*@\w+ path (.+)$", active, re.M)
    assert [line.split() for line in paths] == [
        [TELEGRAM, WEBHOOK_PATH, STATUS_PATH, f"{FILES.rstrip('/')}/*"],
        [NOTICE],
    ]
    assert "respond 404" in active
    assert not re.search("/metrics|/healthz|/readyz|/simulator", active)
    page = text.partition("#@page")[2]
    assert "flush_interval -1" in page and "/simulator/*" in page


# ── secrets from files ──────────────────────────────────────────────────────────────────────────


def test_a_secret_may_be_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    secrets = tmp_path / "credentials"
    secrets.mkdir()
    (secrets / "telegram_bot_token").write_text("123456:AA-from-a-file\n")
    (secrets / "twilio_auth_token").write_text("\n")
    (secrets / "something_else").write_text("x")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(secrets))
    settings = load_settings()
    assert settings.telegram_bot_token.get_secret_value() == "123456:AA-from-a-file"
    assert settings.twilio_auth_token.get_secret_value() == ""
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "123456:AA-from-the-environment")
    assert load_settings().telegram_bot_token.get_secret_value().endswith("environment")
