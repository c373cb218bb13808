"""What happens on the line: hanging, cutting, and answers that do not arrive whole."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

from flask import Response, current_app, request


def hang(seconds: float) -> None:
    """Let the caller wait."""
    time.sleep(seconds)


def cut() -> Response:
    """Close the connection; the answer that is returned reaches nobody."""
    line: socket.socket = request.environ["werkzeug.socket"]
    line.shutdown(socket.SHUT_RDWR)
    return current_app.response_class(status=204)


def spoil(answer: Response, fault: str, hold_s: float) -> Response:
    """What the caller sees of an answer with that fault."""
    if fault == "cut_after":
        return cut()
    if fault == "timeout_after":
        hang(hold_s)
        return cut()
    if fault == "not_json":
        return current_app.response_class("<html>网关错误 / bad gateway</html>", mimetype="text/html")
    data = answer.get_data()
    if fault == "slow":
        answer.response = _drops(data)
    elif fault == "truncated" and len(data) > 1:
        answer.response = [data[: len(data) // 2]]
    answer.headers["Content-Length"] = str(len(data))
    return answer


def _drops(data: bytes) -> Iterator[bytes]:
    size = max(1, len(data) // 5)
    for start in range(0, len(data), size):
        time.sleep(0.02)
        yield data[start : start + size]
