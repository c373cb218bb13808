"""A Dovecot of its own for tests: one mailbox on the loopback interface, everything in one directory."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from imaplib import IMAP4
from pathlib import Path
from urllib.parse import quote

import pytest

USER, PASSWORD = "defence@example.com", "p:w/d%密"
FOLDERS = ("INBOX", "Filed")

CONFIG = """
base_dir = {directory}/run
state_dir = {directory}/state
log_path = {directory}/log
protocols = imap
listen = 127.0.0.1
default_internal_user = {internal}
default_internal_group = {internal_group}
default_login_user = {login}
mail_location = maildir:{directory}/mail
mail_uid = {mail}
mail_gid = {mail_group}
first_valid_uid = 1
first_valid_gid = 1
disable_plaintext_auth = no
auth_mechanisms = plain
ssl = {ssl}
{certificate}
passdb {{
  driver = static
  args = user={user} password={password}
}}
userdb {{
  driver = static
  args = uid={mail} gid={mail_group} home={directory}/mail
}}
namespace inbox {{
  inbox = yes
  mailbox Filed {{
    auto = create
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Dovecot:
    """A server with one user; `url` is what the service takes as IMAP_URL."""

    def __init__(self, with_tls: bool = False) -> None:
        # Not in pytest's own directory: the mail user may not enter that, and socket paths must be short.
        self.directory = Path(tempfile.mkdtemp(prefix="dc-", dir="/tmp"))
        self.with_tls = with_tls
        self.port, self.tls_port = free_port(), free_port() if with_tls else 0
        self.certificate = self.directory / "certificate.pem"

    @property
    def url(self) -> str:
        return f"imap://{quote(USER, safe='')}:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}/INBOX"

    @property
    def tls_url(self) -> str:
        return self.url.replace("imap://", "imaps://").replace(f":{self.port}/", f":{self.tls_port}/")

    def start(self) -> None:
        """Start it; returns when it answers."""
        self._prepare()
        config = self.directory / "dovecot.conf"
        with (self.directory / "output").open("wb") as output:
            self.process = subprocess.Popen(
                ["/usr/sbin/dovecot", "-F", "-c", str(config)], stdout=output, stderr=output
            )
        deadline = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError, IMAP4.error), self.connection():
                return
            assert self.process.poll() is None and time.monotonic() < deadline, self.log()
            time.sleep(0.05)

    def stop(self) -> None:
        """End it, and leave nothing behind."""
        self.process.terminate()
        self.process.wait(timeout=20)
        shutil.rmtree(self.directory)

    def log(self) -> str:
        """What it said, for a test that fails."""
        files = [self.directory / name for name in ("output", "log")]
        return "\n".join(file.read_text(errors="replace") for file in files if file.exists())

    @contextlib.contextmanager
    def connection(self, folder: str = "INBOX") -> Iterator[IMAP4]:
        """Signed in by the standard library, not by what is tested."""
        connection = IMAP4("127.0.0.1", self.port, timeout=10)
        try:
            credentials = f"\0{USER}\0{PASSWORD}".encode()
            connection.authenticate("PLAIN", lambda _challenge: credentials)
            assert connection.select(folder)[0] == "OK"
            yield connection
        finally:
            with contextlib.suppress(OSError, IMAP4.error):
                connection.logout()

    def deliver(self, *mails: bytes) -> None:
        """Put unread mails into the inbox, in this order."""
        with self.connection() as connection:
            for mail in mails:
                data = b"\r\n".join(mail.splitlines()) + b"\r\n"
                assert connection.append("INBOX", "", datetime.now(UTC), data)[0] == "OK"

    def count(self, criterion: str, folder: str = "INBOX") -> int:
        """How many mails a search finds, such as `UNSEEN`."""
        with self.connection(folder) as connection:
            return len(connection.search(None, criterion)[1][0].split())

    def empty(self) -> None:
        """Remove every mail."""
        for folder in FOLDERS:
            with self.connection(folder) as connection:
                connection.uid("STORE", "1:*", "+FLAGS", r"(\Deleted)")
                connection.expunge()

    def _prepare(self) -> None:
        me = pwd.getpwuid(os.geteuid()).pw_name
        is_root = os.geteuid() == 0
        users = {
            "internal": "dovecot" if is_root else me,
            "login": "dovenull" if is_root else me,
            # It refuses to read anybody's mail as root.
            "mail": "mail" if is_root else me,
        }
        groups = {name: grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name for name, user in users.items()}
        (self.directory / "mail").mkdir()
        self.directory.chmod(0o755)
        if is_root:
            shutil.chown(self.directory / "mail", users["mail"])
        if self.with_tls:
            self._make_certificate()
        tls = f"ssl_cert = <{self.certificate}\nssl_key = <{self.directory}/key.pem"
        (self.directory / "dovecot.conf").write_text(
            CONFIG.format(
                directory=self.directory,
                user=USER,
                password=PASSWORD.replace("%", "%%"),
                port=self.port,
                tls_port=self.tls_port,
                ssl="yes" if self.with_tls else "no",
                certificate=tls if self.with_tls else "",
                internal_group=groups["internal"],
                mail_group=groups["mail"],
                **users,
            )
        )

    def _make_certificate(self) -> None:
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
                *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
                *("-keyout", str(self.directory / "key.pem"), "-out", str(self.certificate)),
            ],
            check=True,
            capture_output=True,
        )


@pytest.fixture(scope="session")
def dovecot_server() -> Iterator[Dovecot]:
    """A running server for the test session."""
    server = Dovecot(with_tls=True)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def dovecot(dovecot_server: Dovecot) -> Dovecot:
    """It, with an empty mailbox."""
    dovecot_server.empty()
    return dovecot_server
