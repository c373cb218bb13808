"""The served application, the bare server, and what they need, as processes on the loopback interface."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import psycopg

from bench.report import PROJECT_DIR

START_LIMIT_S = 60.0
LOOPBACK = "127.0.0.1"
KEY = "5b" * 32
"""Of the bench's ballots; both workers need the same one."""


class ServerError(Exception):
    """A process of the bench did not start; the message has its last words."""


def free_port() -> int:
    """Return a port that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def environment(directory: Path, port: int, **more: str) -> dict[str, str]:
    """Return the settings of a served application, and of the seeding of its database."""
    return {
        "INSTANCE_DIR": str(directory),
        "SECRET_KEY": "bench",
        "BALLOT_KEY": KEY,
        "SEAL_KEY": KEY,
        "HOST": LOOPBACK,
        "PORT": str(port),
        "PUBLIC_URL": f"http://{LOOPBACK}:{port}",
        **more,
    }


class Server:
    """A process that listens on a port; its group dies with the block that opened it."""

    def __init__(self, command: list[str], port: int, log: Path, environ: Mapping[str, str]) -> None:
        self.command, self.port, self.log, self.environ = command, port, log, environ
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> str:
        """Return its address and port."""
        return f"{LOOPBACK}:{self.port}"

    def start(self, waits: bool = True) -> None:
        """Start, and wait until it listens."""
        with self.log.open("ab") as log:
            # A process group of its own: master and workers die together.
            self.process = subprocess.Popen(
                self.command,
                cwd=PROJECT_DIR,
                env={**os.environ, **self.environ},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        if waits:
            self.wait()

    def wait(self) -> None:
        """Wait until it answers a request.

        Raises
        ------
        ServerError
            It ended, or is silent.
        """
        deadline = time.monotonic() + START_LIMIT_S
        while not self._answers():
            if self.process is None or self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise ServerError(f"{self.command[0]}: {_last_words(self.log)}")
            time.sleep(0.05)

    def kill(self) -> None:
        """Die at once, as in a power cut."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def worker_pid(self) -> int:
        """Return the process that does the work: the child of a gunicorn master, or the server itself."""
        assert self.process is not None  # noqa: S101 - asked of a started server only
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return int(children[0]) if children else pid

    def resident_bytes(self) -> int:
        """Return the memory that the worker holds."""
        pages = Path(f"/proc/{self.worker_pid()}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def processor_s(self) -> float:
        """Return the processor time that the worker has used."""
        fields = Path(f"/proc/{self.worker_pid()}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _answers(self) -> bool:
        request = f"GET /login HTTP/1.1\r\nHost: {self.host}\r\nConnection: close\r\n\r\n".encode()
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=5) as line:
                line.sendall(request)
                return line.recv(5) == b"HTTP/"
        except OSError:
            return False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


def service(environ: Mapping[str, str]) -> Server:
    """Return the application served as in production."""
    command = [str(Path(sys.executable).parent / "gunicorn"), "--config", "gunicorn.conf.py"]
    log = Path(environ["INSTANCE_DIR"]) / f"server-{environ['PORT']}.log"
    return Server(command, int(environ["PORT"]), log, environ)


def bare_server(database: Path, way: str) -> Server:
    """Return the server that does nothing but write ballots down (`bench.voting.bare_server`)."""
    port = free_port()
    command = [sys.executable, "-m", "bench.voting.bare_server", str(port), str(database), way]
    return Server(command, port, database.parent / "bare.log", {})


class Postgres:
    """A cluster in a temporary directory, reached by a Unix socket, with commits as durable as by default."""

    def __init__(self) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        if not found:
            raise ServerError("no PostgreSQL server here: apt-get install postgresql")
        self._binaries = found[-1]
        # Where the server's own user may enter, too.
        self.directory = Path(tempfile.mkdtemp(prefix="bench-pg-", dir="/tmp"))

    def __enter__(self) -> Self:
        if os.geteuid() == 0:
            shutil.chown(self.directory, "postgres", "postgres")
        self._run("initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C")
        settings = f"listen_addresses = ''\nunix_socket_directories = '{self.directory}'\n"
        with (self.directory / "data" / "postgresql.conf").open("a") as file:
            file.write(settings)
        self._run("pg_ctl", "--wait", f"--log={self.directory / 'log'}", "start")
        return self

    def __exit__(self, *_: object) -> None:
        self._run("pg_ctl", "--wait", "--mode=immediate", "stop")
        shutil.rmtree(self.directory)

    def create_database(self, name: str, template: str = "template0") -> str:
        """Return the address of a new database; a template must be without connections."""
        with psycopg.connect(host=str(self.directory), user="postgres", autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return f"postgresql://postgres@/{name}?host={self.directory}"

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._binaries / program), f"--pgdata={self.directory / 'data'}", *arguments]
        if os.geteuid() == 0:  # the server refuses to run as root
            command = ["runuser", "-u", "postgres", "--", *command]
        # The started server inherits the streams: a pipe would never end.
        with (self.directory / "commands.log").open("ab") as log:
            subprocess.run(command, check=True, cwd=self.directory, stdout=log, stderr=log)


@contextmanager
def redis(directory: Path) -> Iterator[str | None]:
    """Yield the address of a Redis server of its own, None where there is none."""
    program = shutil.which("redis-server")
    if program is None:
        yield None
        return
    port = free_port()
    command = [program, "--port", str(port), "--bind", LOOPBACK, "--save", "", "--appendonly", "no"]
    with (directory / "redis.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=directory, stdout=log, stderr=log)
    try:
        yield f"redis://{LOOPBACK}:{port}/0"
    finally:
        process.kill()
        process.wait()


def _last_words(log: Path) -> str:
    return log.read_text(errors="replace")[-500:] if log.exists() else ""
