"""The configuration of nginx: what it refuses to write, and what never may be missing."""

from __future__ import annotations

import pytest

from defense.domain.errors import InvalidInput
from defense.integrations.nginx import nginx_config

WORKERS = ["127.0.0.1:8001", "unix:/run/defence/2.sock", "[::1]:8003"]


def test_workers_and_limits_stand_in_it() -> None:
    text = nginx_config(WORKERS, 33, "127.0.0.1:80", "defence.example.org", "/logs")
    assert all(f"server {worker} " in text for worker in WORKERS)
    for line in ("client_max_body_size 33m;", "listen 127.0.0.1:80;", "server_name defence.example.org;"):
        assert line in text
    assert "ssl" not in text


def test_a_certificate_makes_it_speak_https() -> None:
    text = nginx_config(WORKERS, 20, "443", certificate="/etc/a.pem", certificate_key="/etc/a.key")
    for line in ("listen 443 ssl;", "ssl_certificate /etc/a.pem;", "ssl_certificate_key /etc/a.key;"):
        assert line in text


@pytest.mark.parametrize(
    ("workers", "options"),
    [
        ([], {}),
        ([""], {}),
        (["127.0.0.1"], {}),
        (["127.0.0.1:8001; }"], {}),
        (["127.0.0.1:8001", "127.0.0.1:8001"], {}),
        (WORKERS, {"listen": "80; server_name x"}),
        (WORKERS, {"server_name": ""}),
        (WORKERS, {"log_dir": "/var/log\n"}),
        (WORKERS, {"certificate": "/etc/a.pem"}),
    ],
)
def test_what_nginx_would_read_as_something_else_is_refused(
    workers: list[str], options: dict[str, str]
) -> None:
    with pytest.raises(InvalidInput):
        nginx_config(workers, 20, **options)  # type: ignore[arg-type]
