"""The platform as an application and as a server on this machine."""

from __future__ import annotations

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from sandbox.api import Platform, api, gate
from sandbox.debugging import debugging

MAX_BODY = 1_000_000


class _Quiet(WSGIRequestHandler):
    """One request a connection, and no line for each."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing."""


def create_platform(platform: Platform) -> Flask:
    """The platform as a WSGI application."""
    app = Flask(__name__, template_folder="templates")
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions["platform"] = platform
    for pages in (gate, api, debugging):
        app.register_blueprint(pages)
    return app


def server_of(platform: Platform, host: str, port: int) -> BaseWSGIServer:
    """A server with a thread for each request; port 0 finds a free one."""
    return make_server(host, port, create_platform(platform), threaded=True, request_handler=_Quiet)
