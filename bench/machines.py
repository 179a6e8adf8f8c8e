"""The program's processes for a measurement, each machine of them held to its share of this one."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from bench.__main__ import cpu_seconds

_CGROUPS = Path("/sys/fs/cgroup")
_PERIOD = 10_000  # microseconds; short, so that a held process waits often and never long
_numbers = count(1)


@dataclass(frozen=True)
class Machine:
    """Its processes ("all": every role in one), and the cores these share; 0: all there are."""

    roles: tuple[str, ...]
    cores: float = 0.0

    @property
    def web(self) -> bool:
        """Whether people can write to it."""
        return bool({"web", "all"}.intersection(self.roles))


def may_hold() -> bool:
    """Whether this system lets us give processes a share of the CPU (cgroups(7), as root)."""
    shared = _CGROUPS / "cgroup.subtree_control"
    if shared.exists() and "cpu" not in shared.read_text().split():
        return False
    return os.access(_controller(), os.W_OK)


class Share:
    """A group of processes that together get ``cores`` of CPU time: the kernel's CFS quota."""

    def __init__(self, cores: float) -> None:
        self._folder = _controller() / f"sportello-bench-{os.getpid()}-{next(_numbers)}"
        self._folder.mkdir()
        quota = str(int(cores * _PERIOD))
        if (self._folder / "cpu.max").exists():
            (self._folder / "cpu.max").write_text(f"{quota} {_PERIOD}")
        else:
            (self._folder / "cpu.cfs_period_us").write_text(str(_PERIOD))
            (self._folder / "cpu.cfs_quota_us").write_text(quota)

    def add(self, pid: int) -> None:
        """This process, and all that it starts."""
        (self._folder / "cgroup.procs").write_text(str(pid))

    def __enter__(self) -> "Share":
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.rmdir()


class Processes:
    """What runs on some machines, each of which listens on its port."""

    def __init__(
        self,
        command: list[str],
        environment: dict[str, str],
        machines: Sequence[Machine],
        ports: Sequence[int],
        folder: Path,
    ) -> None:
        self._shares = ExitStack()
        self._all: list[tuple[str, subprocess.Popen[bytes], Path]] = []
        for machine, port in zip(machines, ports, strict=True):
            here = {**os.environ, "MESSAGES_PER_MINUTE": "0", **environment, "HTTP_PORT": str(port)}
            share = self._shares.enter_context(Share(machine.cores)) if machine.cores else None
            for role in machine.roles:
                log = folder / f"{len(self._all)}.log"
                asked = () if role == "all" else ("--role", role)
                process = subprocess.Popen([*command, *asked], env=here, stderr=log.open("wb"))
                self._all.append((role, process, log))
                if share:
                    share.add(process.pid)

    async def running(self) -> None:
        """Until each says so. Raises RuntimeError after two minutes."""
        for _ in range(1_200):
            if all("running:" in log.read_text() for _, _, log in self._all):
                return
            if any(process.poll() is not None for _, process, _ in self._all):
                break
            await asyncio.sleep(0.1)
        raise RuntimeError("\n".join(log.read_text()[-500:] for _, _, log in self._all))

    def signal(self, number: int, *roles: str) -> None:
        """To the processes with these roles."""
        for role, process, _ in self._all:
            if role in roles:
                process.send_signal(number)

    def cpu(self) -> dict[str, float]:
        """Seconds so far, by role."""
        found: dict[str, float] = {}
        for role, process, _ in self._all:
            found[role] = found.get(role, 0.0) + cpu_seconds(process.pid)
        return found

    def end(self) -> None:
        """SIGTERM, and ten seconds later SIGKILL."""
        for _, process, _ in self._all:
            process.send_signal(signal.SIGTERM)
        for _, process, _ in self._all:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._shares.close()


def _controller() -> Path:
    """Where groups with a share of the CPU are made: cgroups v2, or v1's own tree for it."""
    return _CGROUPS if (_CGROUPS / "cgroup.controllers").exists() else _CGROUPS / "cpu"
