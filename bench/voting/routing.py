"""Which worker serves a panel: nginx's own `hash`, reckoned here too for clients that go there directly."""

import shutil
import zlib
from collections.abc import Sequence
from pathlib import Path

from bench.voting.servers import LOOPBACK, Server, free_port

CONFIGURATION = """
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid {directory}/nginx.pid;
error_log {directory}/nginx-error.log warn;
events {{ worker_connections 16000; }}
http {{
  access_log off;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  upstream rooms {{
    hash $arg_sitting;
{servers}
  }}
  server {{
    listen {address}:{port} backlog=4096;
    location / {{
      proxy_pass http://rooms;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      proxy_read_timeout 75s;
    }}
  }}
}}
"""


def worker_of(sitting_id: int, workers: int) -> int:
    """Return the number of the worker that nginx's `hash $arg_sitting` chooses among equals.

    Source: nginx, ngx_http_upstream_hash_module.c: 15 bits of the CRC-32, modulo the sum of the weights.
    """
    return (zlib.crc32(str(sitting_id).encode()) >> 16 & 0x7FFF) % workers


def find_nginx() -> str | None:
    """Return nginx's path, None where it is not installed."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


def nginx(directory: Path, ports: Sequence[int]) -> Server:
    """Return nginx before the workers on these ports.

    Raises
    ------
    FileNotFoundError
        It is not installed.
    """
    program = find_nginx()
    if program is None:
        raise FileNotFoundError("nginx")
    port = free_port()
    servers = "\n".join(f"    server {LOOPBACK}:{worker};" for worker in ports)
    path = directory / "nginx.conf"
    path.write_text(
        CONFIGURATION.format(directory=directory, servers=servers, address=LOOPBACK, port=port),
        encoding="utf-8",
    )
    command = [program, "-p", str(directory), "-c", str(path)]
    return Server(command, port, directory / "nginx.log", {})
