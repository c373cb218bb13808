"""How gunicorn serves the application: one gevent worker, patched before anything else is imported."""

# ruff: noqa: E402 - patching has to come before the other imports
from gevent import monkey

monkey.patch_all()

import gc
import os
import sys

from defense.settings import Settings, SettingsError

# The database, its key and the outbox are for the service's own user only.
os.umask(0o077)

try:
    _settings = Settings.from_env()
except SettingsError as error:
    raise SystemExit(f"defence: {error}") from error

wsgi_app = "defense.server:create_served_app()"
bind = f"{_settings.host}:{_settings.port}"
worker_class = "defense.websocket.RoomWorker"
# One worker holds every socket of every room (docs/decisions/0003-runtime.md); the 1,001st connection would
# hang at gunicorn's default limit.
workers = 1
worker_connections = 10_000
timeout = 60
graceful_timeout = 5
accesslog = None
loglevel = "warning"


def post_worker_init(_worker: object) -> None:
    """Collect garbage rarely: with thousands of sockets a full collection stalls every ballot.

    The thread that waits for the disk takes over within a millisecond when it is done.
    """
    sys.setswitchinterval(0.001)
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def when_ready(_server: object) -> None:
    """Say where the service is."""
    print(f"Serving on {_settings.public_url} (stop with Ctrl-C)", flush=True)
