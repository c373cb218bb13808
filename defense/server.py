"""The served application: what gunicorn loads. Besides the pages it runs the errands in the background."""

from __future__ import annotations

import gevent
from flask import Flask

from defense.app import create_app
from defense.engine_socket import use_room_sockets
from defense.errands import errands_of, run_forever
from defense.migrating import ensure_database


def create_served_app() -> Flask:
    """The application with its database up to date, its outbox sent and its rooms looked after."""
    use_room_sockets()
    served = create_app()
    with served.app_context():
        ensure_database()
        for errand in errands_of(served):
            gevent.spawn(run_forever, served, errand)
    news = served.extensions["room_news"]
    gevent.spawn(news.run)
    gevent.spawn(news.listen)
    return served
