"""A PostgreSQL server of one's own, to be stopped and started."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.server import free_port


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running server; ``url`` is its database."""

    programs: Path
    folder: Path
    port: int

    @property
    def url(self) -> str:
        """An empty database at first."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Until it takes connections."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
        log = str(self.folder / "log")
        self._run("pg_ctl", "-w", "-l", log, "-o", options, "start")

    def crash(self) -> None:
        """Stop at once, as a power failure does: the next start has to recover."""
        self._run("pg_ctl", "-m", "immediate", "stop")

    def make(self) -> None:
        """The files of a new server, that trusts whoever is on this machine."""
        self._run("initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8")

    def _run(self, program: str, *words: str) -> None:
        command = [str(self.programs / program), "-D", str(self.folder / "data"), *words]
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            command = ["runuser", "-u", "postgres", "--", *command]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", timeout=60)


@contextmanager
def own_cluster() -> Iterator[Cluster]:
    """A running server, gone afterwards. Raises where PostgreSQL is not installed."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
    with tempfile.TemporaryDirectory() as name:
        if os.geteuid() == 0:
            shutil.chown(name, "postgres", "postgres")
        cluster = Cluster(programs, Path(name), free_port())
        cluster.make()
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.crash()
