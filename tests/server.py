"""The real program as a process, for tests that need to kill it."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """``python -m bot`` (or another module) with its own settings; nothing comes from `.env`."""

    def __init__(self, log: Path, settings: dict[str, str], module: str = "bot") -> None:
        self.port = free_port()
        self.log, self._module = log, module
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("TELEGRAM", "TWILIO"))},
            "HTTP_PORT": str(self.port),
            "PUBLIC_URL": f"http://127.0.0.1:{self.port}",
            "MESSAGES_PER_MINUTE": "0",
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            **settings,
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Of the process that was started last."""
        assert self._process is not None
        return self._process.pid

    def cli(self, *words: str) -> str:
        """What an `admin_cli.py` command prints. Raises CalledProcessError."""
        command = [sys.executable, str(ROOT / "admin_cli.py"), *words]
        run = subprocess.run(
            command,
            cwd=self.log.parent,
            env=self._environment,
            check=True,
            capture_output=True,
            text=True,
        )
        return run.stdout

    def start(self, *roles: str) -> None:
        """Start it and wait until it answers (without the web role: until it is there)."""
        words = [word for role in roles for word in ("--role", role)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self._module, *words],
                cwd=self.log.parent,
                env=self._environment,
                stdout=log,
                stderr=log,
            )
        if not roles or "web" in roles:
            self._wait_for_answer()

    def _wait_for_answer(self) -> None:
        assert self._process is not None
        for _ in range(600):
            if self._process.poll() is not None:
                raise RuntimeError(f"the server ended: {self.log.read_text()[-2000:]}")
            try:
                with urlopen(f"{self.url}/healthz", timeout=1):
                    return
            except (URLError, OSError):
                time.sleep(0.05)
        raise RuntimeError("the server does not answer")

    def kill(self) -> None:
        """``kill -9``."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)

    def ended(self) -> int:
        """The exit code of a process that ends by itself within ten seconds."""
        assert self._process is not None
        return self._process.wait(10)

    def stop(self) -> tuple[int, float]:
        """SIGTERM; the exit code and the seconds it took (at most 15)."""
        assert self._process is not None
        began = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()
            code = -9
        return code, time.monotonic() - began

    async def restart_killed(self) -> None:
        """Kill it and start it again, without holding up the event loop."""
        await asyncio.to_thread(self.kill)
        await asyncio.to_thread(self.start)
