"""The service as a process of its own, for tests with real sockets and real deaths."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import requests

PROJECT_DIR = Path(__file__).resolve().parent.parent
START_LIMIT_S = 30.0


def free_port() -> int:
    """A port that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether somebody takes connections on a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


CALENDARS = Path(__file__).parent / "data" / "calendars"


@dataclass
class LiveServer:
    """A running gunicorn on the loopback interface."""

    directory: Path
    port: int
    sitting_id: int
    defence_ids: list[int]
    links: dict[str, str]
    environ: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start, and wait until it answers."""
        environ = {
            **os.environ,
            "INSTANCE_DIR": str(self.directory),
            "CALENDAR_DIR": str(CALENDARS),
            "SECRET_KEY": "test",
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "PUBLIC_URL": self.url,
            **self.environ,
        }
        log = (self.directory / "server.log").open("ab")
        # A process group of its own: master and worker die together.
        self.process = subprocess.Popen(
            [str(PROJECT_DIR / ".venv/bin/gunicorn"), "--config", "gunicorn.conf.py"],
            cwd=PROJECT_DIR,
            env=environ,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        deadline = time.monotonic() + START_LIMIT_S
        while time.monotonic() < deadline:
            try:
                if requests.get(f"{self.url}/login", timeout=2).ok:
                    return
            except requests.RequestException:
                time.sleep(0.1)
        self.kill()
        raise AssertionError((self.directory / "server.log").read_text())

    def kill(self) -> None:
        """Die as in a power cut."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """Stop in order."""
        self._signal(signal.SIGTERM)

    def _signal(self, number: int) -> None:
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, number)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(10)
            # The worker may outlive its master for a moment, and keeps the port from the next one.
            while listens(self.port):
                time.sleep(0.01)

    def sign_in(self, name: str) -> requests.Session:
        """An HTTP client of the named person, with the CSRF token in its headers."""
        http = requests.Session()
        http.get(self.url + self.links[name], timeout=10)
        page = http.get(self.url + "/sittings", timeout=10).text
        found = re.search(r'name="csrf-token" content="([^"]+)"', page)
        if found:
            http.headers["X-CSRFToken"] = found[1]
        http.headers["Origin"] = self.url
        return http


def start_server(
    directory: Path, sitting_id: int, defence_ids: list[int], links: dict[str, str], **environ: str
) -> LiveServer:
    """A started server on the database in `directory`."""
    server = LiveServer(directory, free_port(), sitting_id, defence_ids, links, environ)
    server.start()
    return server
