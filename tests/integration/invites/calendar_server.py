"""A real calendar server (Radicale) as a process on the loopback interface, and what a second client sees."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import requests
from icalendar import Calendar

from defense.settings import Settings
from tests.conftest import make_settings
from tests.live import free_port

USER, PASSWORD = "centre", "p:w/d 秘密"
_CONFIG = """
[server]
hosts = 127.0.0.1:{port}
[auth]
type = htpasswd
htpasswd_filename = {directory}/users
htpasswd_encryption = plain
delay = 0
[storage]
filesystem_folder = {directory}/storage
"""
_MKCALENDAR = '<C:mkcalendar xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"/>'


class CalendarServerProcess:
    """Radicale with one user and, once it was made, one calendar."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        directory.mkdir()
        (directory / "users").write_text(f"{USER}:{PASSWORD}\n", encoding="utf-8")
        config = _CONFIG.format(port=self.port, directory=directory)
        (directory / "config").write_text(config, encoding="utf-8")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/{USER}"

    def start(self) -> None:
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "radicale", "--config", str(self.directory / "config")],
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                requests.get(f"http://127.0.0.1:{self.port}/", timeout=2, allow_redirects=False)
                return
            except requests.RequestException:
                time.sleep(0.1)
        raise AssertionError((self.directory / "log").read_text())

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def make_calendar(self) -> None:
        made = self.ask("MKCALENDAR", "", data=_MKCALENDAR)
        assert made.status_code == 201, made.text

    def ask(self, method: str, name: str, **options: object) -> requests.Response:
        """A request of the second client, to the calendar or an object in it."""
        return requests.request(
            method,
            f"{self.url}/defences/{name}",
            auth=(USER.encode(), PASSWORD.encode()),
            timeout=5,
            **options,  # type: ignore[arg-type]
        )

    def objects(self) -> dict[str, str]:
        """What is in the calendar, by UID, with folded lines joined."""
        names = self.ask("PROPFIND", "", headers={"Depth": "1"}).text.split("<href>")[2:]
        files = [name.partition("</href>")[0].rpartition("/")[2] for name in names]
        found = {}
        for file in files:
            if file:
                text = self.ask("GET", file).content.decode()
                (event,) = Calendar.from_ical(text).walk("VEVENT")
                assert file == f"{event['UID']}.ics"
                found[str(event["UID"])] = text.replace("\r\n ", "")
        return found

    def log(self) -> str:
        return (self.directory / "log").read_text(errors="replace")

    def settings(self, directory: Path, **environ: str) -> Settings:
        """Those of an installation that pushes here."""
        own = {
            "CALDAV_URL": self.url,
            "CALDAV_USER": USER,
            "CALDAV_PASSWORD": PASSWORD,
            "CALDAV_CALENDAR": "defences",
            "PUBLIC_URL": "https://defence.example.org",
            "MAIL_FROM": "评价中心 <defence@example.com>",
        }
        return make_settings(directory, **(own | environ))
