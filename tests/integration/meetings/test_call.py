"""The HTTP caller: what it repeats, what it refuses, how long it waits, and that it gives nothing away."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from defense.domain.text import Text
from defense.integrations.http_line import Answer, Request
from defense.integrations.meetings.call import MOST_BYTES, Caller, Timing
from defense.integrations.meetings.provider import FailureKind, ProviderFailure
from defense.integrations.meetings.refusals import by_status
from tests.doubles.server import Asked, Double, Fault, Reply

TIMING = Timing(connect_s=0.5, read_s=0.5, patience_s=1.5, attempts=3, first_pause_s=0.01)
SECRET = "s3cr3t-of-nobody"


class Plain(Double):
    """Answers what it is told to."""

    reply = Reply(200, b"{}")

    def answer(self, asked: Asked) -> Reply:
        self.asked = asked
        return self.reply


@pytest.fixture
def plain() -> Iterator[Plain]:
    with Plain() as double:
        yield double


def call(url: str, method: str = "GET", creating: bool = False, timing: Timing = TIMING) -> Answer:
    request = Request(method, f"{url}/path?key={SECRET}", {"Authorization": SECRET}, SECRET.encode())
    return Caller(Text("甲", "Provider A"), timing).call(lambda: request, by_status, creating)


def failure_of(url: str, creating: bool = False, timing: Timing = TIMING) -> ProviderFailure:
    with pytest.raises(ProviderFailure) as failed:
        call(url, "POST", creating, timing)
    return failed.value


@contextmanager
def raw_server(serve: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that speaks below HTTP."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        while True:
            try:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65536)
                    serve(connection)
            except OSError:
                if listener.fileno() < 0:
                    return

    threading.Thread(target=run, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()


def test_redirects_are_not_followed(plain: Plain) -> None:
    plain.reply = Reply(307, headers={"Location": f"{plain.url}/elsewhere"})
    assert failure_of(plain.url).kind is FailureKind.NEVER
    assert plain.calls == ["POST /path"]


def test_a_flood_is_cut(plain: Plain) -> None:
    plain.reply = Reply(200, b"x" * (MOST_BYTES + 1))
    assert failure_of(plain.url, creating=True).kind is FailureKind.UNKNOWN
    plain.reply = Reply(200, b"x" * MOST_BYTES)
    assert len(call(plain.url).body) == MOST_BYTES


def test_a_drip_is_left_at_the_deadline() -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        for _ in range(200):
            connection.sendall(b"x")
            time.sleep(0.1)

    began = time.monotonic()
    with raw_server(drip) as url:
        assert failure_of(url, creating=True).kind is FailureKind.UNKNOWN
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"nothing like HTTP at all\r\n\r\n",
        b"",
    ],
)
def test_half_an_answer_is_none(answer: bytes) -> None:
    with raw_server(lambda connection: connection.sendall(answer)) as url:
        assert failure_of(url, creating=True).kind is FailureKind.UNKNOWN
        assert failure_of(url).kind is FailureKind.LATER


def test_proxies_and_passwords_of_the_machine_have_no_say(
    plain: Plain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert call(plain.url).status == 200


def test_a_short_pause_that_is_asked_for_is_kept(plain: Plain) -> None:
    once = [Fault.RATE]
    plain.faults = lambda _call: once.pop() if once else None
    began = time.monotonic()
    call(plain.url)
    assert time.monotonic() - began >= 1
    plain.reply = Reply(429, headers={"Retry-After": "60"})
    began = time.monotonic()
    failure = failure_of(plain.url)
    assert (failure.kind, failure.code) == (FailureKind.LATER, "HTTP 429")
    assert time.monotonic() - began < 1


def test_pauses_grow_and_end_with_the_patience(plain: Plain, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("defense.integrations.meetings.call.time.sleep", pauses.append)
    plain.reply = Reply(429)
    failure_of(plain.url, timing=Timing(attempts=5, first_pause_s=1.0, patience_s=3.5))
    assert len(plain.calls) == 1 + len(pauses)
    assert 0.5 <= pauses[0] <= 1 <= pauses[1] <= 2
    assert all(pause <= 3.5 for pause in pauses)


def test_nobody_listens_and_no_such_name() -> None:
    with Plain() as double:
        url = double.url
    for address in (url, "http://no-such-host.invalid"):
        failure = failure_of(address, creating=True)
        assert (failure.kind, failure.code) == (FailureKind.LATER, "connect")


def test_an_untrusted_certificate_is_told_apart(plain: Plain, tmp_path: Path) -> None:
    assert plain._server is not None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own_certificate(tmp_path))
    plain._server.socket = context.wrap_socket(plain._server.socket, server_side=True)
    failure = failure_of(plain.url.replace("http", "https"), creating=True)
    assert (failure.kind, failure.code) == (FailureKind.LATER, "certificate")
    assert plain.calls == []


def own_certificate(folder: Path) -> Path:
    """Key and certificate in one file; nobody has signed it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain_key = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "own.pem"
    path.write_bytes(plain_key + certificate.public_bytes(pem))
    return path


def test_nothing_is_given_away(plain: Plain, caplog: pytest.LogCaptureFixture) -> None:
    """Neither in the log at its most talkative, nor in a failure with all that hangs on it."""
    caplog.set_level(logging.DEBUG)
    for name in ("urllib3", "urllib3.connectionpool", "urllib3.util.retry", "requests"):
        caplog.set_level(logging.DEBUG, logger=name)
    call(plain.url)
    port = plain.url.rpartition(":")[2]
    failures = []
    for fault in (None, *(f for f in Fault if f not in (Fault.QUOTA, Fault.WRONG_TYPE))):
        plain.faults = lambda _call, fault=fault: fault
        plain.reply = Reply(400, SECRET.encode(), headers={"X-Odd": SECRET})
        failures.append(failure_of(plain.url, creating=True))
    broken = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n bad header " + SECRET.encode() + b"\r\n\r\n{}"
    with raw_server(lambda connection: connection.sendall(broken)) as url, pytest.raises(ProviderFailure):
        call(url, timing=Timing(0.5, 0.5, 0.1, 1, 0.01))
        raise failures[0]
    told = [caplog.text, *(str(record.__dict__) for record in caplog.records)]
    for failure in failures:
        told += [str(failure), repr(failure), failure.code, str(failure.words)]
        told += traceback.format_exception(failure)
        assert failure.__cause__ is None
        assert failure.__context__ is None
    for text in told:
        assert SECRET not in text
        assert port not in text
    request = Request("GET", plain.url, {"a": SECRET}, SECRET.encode())
    answer = Answer(200, {"a": SECRET}, SECRET.encode())
    assert SECRET not in f"{request}{answer!r}"
    assert port not in repr(request)


def test_other_users_of_the_http_library_keep_their_log(
    caplog: pytest.LogCaptureFixture, plain: Plain
) -> None:
    import requests

    caplog.set_level(logging.DEBUG, logger="urllib3.connectionpool")
    call(plain.url)
    assert not caplog.records
    requests.get(f"{plain.url}/others", timeout=2)
    assert "/others" in caplog.text
