"""The configuration of nginx in front of several workers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from defense.domain.errors import InvalidInput
from defense.domain.text import Text
from defense.settings import PROJECT_DIR

REQUESTS_A_SECOND, CONNECTIONS_AN_ADDRESS = 500, 5000
WORKER = re.compile(r"[A-Za-z0-9.-]+:[0-9]{1,5}|\[[0-9a-fA-F:]+\]:[0-9]{1,5}|unix:/[A-Za-z0-9._/-]+")
PLAIN = re.compile(r"[A-Za-z0-9._:/*\[\]-]+")
"""What stands in a configuration without quotes."""


def nginx_config(
    workers: Sequence[str],
    upload_max_mb: int,
    listen: str = "8000",
    server_name: str = "_",
    log_dir: str = "/var/log/nginx",
    certificate: str | None = None,
    certificate_key: str | None = None,
) -> str:
    """Write a configuration for nginx's http context.

    Parameters
    ----------
    workers : addresses of the workers, as `host:port` or `unix:/path`.
    upload_max_mb : largest body, in MB; the service's own limit.
    listen : port, or address and port.
    certificate, certificate_key : files; both or none. Without them nginx speaks plain HTTP.

    Raises
    ------
    InvalidInput
        Naming what nginx would not understand, or would understand as something else.
    """
    if not workers or len(set(workers)) < len(workers):
        raise InvalidInput(
            Text("至少需要一个工作进程地址，且不得重复。", "Name at least one worker, and each only once.")
        )
    for worker in workers:
        _check(WORKER, worker)
    if (certificate is None) != (certificate_key is None):
        raise InvalidInput(
            Text("证书和私钥须同时给出。", "A certificate and its key belong together: give both or none.")
        )
    for value in (listen, server_name, log_dir, certificate, certificate_key):
        if value is not None:
            _check(PLAIN, value)
    # Not HTML: nothing is escaped, hence the checks above.
    templates = FileSystemLoader(PROJECT_DIR / "deploy")
    pages = Environment(loader=templates, undefined=StrictUndefined, autoescape=False)  # noqa: S701
    return pages.get_template("nginx.conf.jinja").render(
        workers=workers,
        upload_max_mb=upload_max_mb,
        listen=listen,
        server_name=server_name,
        log_dir=log_dir,
        certificate=certificate,
        certificate_key=certificate_key,
        requests_a_second=REQUESTS_A_SECOND,
        connections_an_address=CONNECTIONS_AN_ADDRESS,
    )


def _check(pattern: re.Pattern[str], value: str) -> None:
    if not pattern.fullmatch(value):
        raise InvalidInput(
            Text(f"nginx 配置中不能使用“{value}”。", f"“{value}” cannot stand in a configuration of nginx.")
        )
