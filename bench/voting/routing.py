"""nginx before the workers as `flask nginx-config` writes it, and its choice of a worker for a sitting."""

import shutil
import zlib
from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path

from bench.voting.servers import LOOPBACK, Server, free_port
from defense.integrations.nginx import nginx_config

POINTS_A_SERVER = 160
UPLOAD_MAX_MB = 20
MAIN = """daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid {directory}/nginx.pid;
error_log {directory}/nginx-error.log warn;
events {{ worker_connections 16000; }}
http {{
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxied;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  include {directory}/defence.conf;
}}
"""


def worker_of(sitting_id: int, hosts: Sequence[str]) -> str:
    """Return the worker that nginx's consistent hash chooses for a sitting.

    Source: nginx, ngx_http_upstream_hash_module.c: 160 points of the CRC-32 circle for each server.
    """
    circle: dict[int, str] = {}
    for host in hosts:
        name, _, port = host.rpartition(":")
        previous = bytes(4)
        for _ in range(POINTS_A_SERVER):
            point = zlib.crc32(f"{name}\0{port}".encode() + previous)
            circle.setdefault(point, host)
            previous = point.to_bytes(4, "little")
    points = sorted(circle)
    key = zlib.crc32(f"sitting {sitting_id}".encode())
    return circle[points[bisect_left(points, key) % len(points)]]


def find_nginx() -> str | None:
    """Return nginx's path, None where it is not installed."""
    # Debian keeps it where only root's PATH looks.
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


def nginx(directory: Path, workers: Sequence[str]) -> Server:
    """Return nginx before these workers.

    Raises
    ------
    FileNotFoundError
        It is not installed.
    """
    program = find_nginx()
    if program is None:
        raise FileNotFoundError("nginx")
    port = free_port()
    config = nginx_config(workers, UPLOAD_MAX_MB, f"{LOOPBACK}:{port}", log_dir=str(directory))
    (directory / "defence.conf").write_text(config, encoding="utf-8")
    path = directory / "nginx.conf"
    path.write_text(MAIN.format(directory=directory), encoding="utf-8")
    return Server([program, "-e", "stderr", "-c", str(path)], port, directory / "nginx.log", {})
