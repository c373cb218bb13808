"""Two workers behind nginx, with PostgreSQL and Redis: all real, on loopback and ports of their own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from defense.integrations.nginx import nginx_config
from tests.live import LiveServer, free_port, listens
from tests.many_sittings import Scene, set_scene
from tests.postgres import PostgresServer

WORKERS, FAIL_TIMEOUT_S = 2, 2.5
NGINX_MAIN = """
user root;
daemon off;
pid {directory}/nginx.pid;
worker_processes 1;
events {{ worker_connections 20000; }}
http {{
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    include {directory}/defence.conf;
}}
"""


class Program:
    """A server program that a test starts, kills and starts again.

    Parameters
    ----------
    port : where it listens when it is ready.
    directory : its working directory, and the place of its log.
    """

    def __init__(self, command: Sequence[str], port: int, directory: Path) -> None:
        self.command, self.port, self.directory = list(command), port, directory
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """What it says."""
        return self.directory / f"{Path(self.command[0]).name}.log"

    def start(self) -> None:
        """Start, and wait until it listens."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=self.directory, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + 10
        while not listens(self.port):
            assert self.process.poll() is None and time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to it and its children."""
        assert self.process is not None
        os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """Die at once."""
        if self.process is not None and self.process.poll() is None:
            self.send(signal.SIGKILL)
            self.process.wait(10)


@dataclass
class Cluster:
    """Two workers and what is around them.

    Parameters
    ----------
    scene : people and sittings in the database; `scene.panels[n]` are signed-in browsers.
    workers : each may be reached beside nginx by its own `url`, killed and started.
    """

    scene: Scene
    workers: list[LiveServer]
    nginx: Program
    redis: Program
    environ: dict[str, str]
    """Settings that both workers have, such as the addresses of the database and of Redis."""

    @property
    def front(self) -> LiveServer:
        """The service as a browser finds it, at its first sitting; not to be started."""
        first = self.workers[0]
        return LiveServer(
            first.directory, self.nginx.port, first.sitting_id, first.defence_ids, first.links, self.environ
        )

    @property
    def url(self) -> str:
        """Where browsers find the service."""
        return f"http://127.0.0.1:{self.nginx.port}"

    def kill(self, worker: int) -> None:
        """One worker dies as in a power cut."""
        self.workers[worker].kill()

    def start(self, *workers: int) -> None:
        """Start workers at the same moment; without a number all of them."""
        with ThreadPoolExecutor(len(self.workers)) as pool:
            list(pool.map(lambda n: self.workers[n].start(), workers or range(len(self.workers))))

    def start_again(self, *workers: int) -> None:
        """Start killed workers, and have nginx find them: it asks again two seconds after it missed them.

        What it asks with should be a page: a socket says that all is well only when it ends.
        """
        asked_at = time.monotonic() + FAIL_TIMEOUT_S
        self.start(*workers)
        time.sleep(max(0, asked_at - time.monotonic()))
        for sitting_id in range(8 * WORKERS):
            requests.get(f"{self.url}/sittings/{sitting_id}", timeout=10, allow_redirects=False)

    def worker_of(self, path: str) -> set[int]:
        """The workers to which nginx has sent requests whose path begins like this, by its log."""
        ports = [f":{worker.port}" for worker in self.workers]
        fields = [line.split() for line in self.access_log().splitlines()]
        return {
            number
            for line in fields
            if line[3].startswith(path)
            for number, port in enumerate(ports)
            if line[-1].endswith(port)
        }

    def access_log(self) -> str:
        """What nginx wrote about requests."""
        return (self.nginx.directory / "defence-access.log").read_text()

    def end(self) -> None:
        """End everything that was started."""
        self.nginx.kill()
        for worker in self.workers:
            worker.kill()
        self.redis.kill()
        self.scene.engine.dispose()


@contextmanager
def running_cluster(
    directory: Path, postgres: PostgresServer, template: str, sittings: int, defences: int, panels: int
) -> Iterator[Cluster]:
    """A started cluster on a copy of a PostgreSQL database with a published round.

    Parameters
    ----------
    template : name of the database, such as the fixture `published_postgres`.
    sittings, defences, panels : see `tests.many_sittings.set_scene`.
    """
    scene = set_scene(directory, postgres.create_database(template), sittings, defences, panels)
    redis, nginx_port = redis_server(directory), free_port()
    environ = {
        "DATABASE_URL": scene.engine.url.render_as_string(hide_password=False),
        "REDIS_URL": f"redis://127.0.0.1:{redis.port}/0",
        "TRUSTED_PROXIES": "1",
        "PUBLIC_URL": f"http://127.0.0.1:{nginx_port}",
    }
    sitting_id, defence_ids = scene.sittings[0]
    workers = [
        LiveServer(directory, free_port(), sitting_id, defence_ids, scene.people.links, environ)
        for _ in range(WORKERS)
    ]
    nginx = nginx_server(directory, nginx_port, [f"127.0.0.1:{worker.port}" for worker in workers])
    cluster = Cluster(scene, workers, nginx, redis, environ)
    try:
        redis.start()
        cluster.start()
        nginx.start()
        yield cluster
    finally:
        cluster.end()


def redis_server(directory: Path) -> Program:
    """A Redis that keeps nothing on disk, not started yet."""
    port = free_port()
    options = {"--port": str(port), "--bind": "127.0.0.1", "--save": "", "--appendonly": "no"}
    return Program(
        [_program("redis-server"), *(word for o in options.items() for word in o)], port, directory
    )


def nginx_server(directory: Path, port: int, workers: Sequence[str]) -> Program:
    """nginx with the configuration that `flask nginx-config` prints, not started yet."""
    home = directory / "nginx"
    home.mkdir()
    config = nginx_config(workers, 20, f"127.0.0.1:{port}", log_dir=str(home))
    (home / "defence.conf").write_text(config, encoding="utf-8")
    (home / "nginx.conf").write_text(NGINX_MAIN.format(directory=home))
    return Program([_program("nginx"), "-e", "stderr", "-c", str(home / "nginx.conf")], port, home)


def _program(name: str) -> str:
    # Debian keeps nginx where only root's PATH looks.
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    assert found, f"these tests need {name}: apt-get install nginx-light redis-server"
    return found
