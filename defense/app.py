"""`create_app`: wiring, no logic."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from flask import Flask, request, session
from flask_wtf.csrf import validate_csrf
from gevent import monkey
from gevent.threadpool import ThreadPool
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import StaticPool
from werkzeug.middleware.proxy_fix import ProxyFix

from defense import cli, errors
from defense.auth import begin_write_requests, check_access_marks, current_principal
from defense.extensions import babel, bootstrap, csrf, db, migrate, socketio
from defense.integrations.attachments import AttachmentSource, LocalFolder
from defense.integrations.bell import bell_from
from defense.integrations.calendar_days import use_calendars_of
from defense.integrations.meetings.provider import ProviderName
from defense.integrations.meetings.registry import provider_from
from defense.integrations.upstream import UpstreamClient
from defense.integrations.upstream.files import SOMEBODY_WAITS, PlatformFiles
from defense.models import SignIn
from defense.models.types import json_text
from defense.services.access import Role, principal_of
from defense.services.room.ballot_desk import DatabaseBallotDesk
from defense.services.room.ballot_writer import BallotWriter
from defense.services.room.sweep import RoomSweep
from defense.services.rounds import newest_round
from defense.services.throttle import AttemptLimiter
from defense.services.transaction import LogEraser, prepare_engine
from defense.settings import PROJECT_DIR, Settings
from defense.web import register_pages
from defense.web.addresses import RowId
from defense.web.format import register_filters
from voting.events import RoomEvents, RoomNews
from voting.room import Caller

LANGUAGES = ("zh", "en")
MAX_SOCKET_MESSAGE_BYTES = 16 * 1024
SIGN_IN_ATTEMPTS, SIGN_IN_WINDOW_S = 30, 15 * 60
"""From one address: a whole office may share it, and a success clears the count."""

FEED_READINGS, FEED_READINGS_OF_ADDRESS, FEED_WINDOW_S = 60, 1_000, 15 * 60
"""Of one feed; and from one address, behind which a provider reads for all who subscribed there."""


def create_app(settings: Settings | None = None) -> Flask:
    """Build the application.

    Raises
    ------
    SettingsError
        A setting of the environment cannot be used.
    MissingAccessMark
        A view or an event does not say who may use it.
    """
    settings = settings or Settings.from_env()
    app = Flask(
        __name__,
        static_folder=str(PROJECT_DIR / "defense" / "static"),
        template_folder=str(PROJECT_DIR / "templates"),
        instance_path=str(settings.instance_dir),
    )
    app.url_map.converters["int"] = RowId
    _configure(app, settings)
    _bind_extensions(app, settings)
    register_filters(app)
    register_pages(app)
    errors.register_error_pages(app)
    begin_write_requests(app)
    cli.register_commands(app)
    app.after_request(_add_security_headers)
    app.context_processor(_page_context)
    check_access_marks(app, socketio)
    return app


def _configure(app: Flask, settings: Settings) -> None:
    settings.instance_dir.mkdir(parents=True, exist_ok=True)
    app.extensions["settings"] = settings
    use_calendars_of(settings.calendar_dir)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=_engine_options(settings),
        MAX_CONTENT_LENGTH=settings.upload_max_mb * 1024 * 1024,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.public_url.startswith("https://"),
        WTF_CSRF_TIME_LIMIT=None,
        BOOTSTRAP_SERVE_LOCAL=True,
        BABEL_DEFAULT_LOCALE="zh",
        BABEL_DEFAULT_TIMEZONE="Asia/Shanghai",
        BABEL_TRANSLATION_DIRECTORIES=str(PROJECT_DIR / "defense" / "translations"),
    )
    app.logger.setLevel(logging.INFO)


def _engine_options(settings: Settings) -> dict[str, object]:
    # The parameters of a failed statement are ballots and personal data: not for the log.
    options: dict[str, object] = {"hide_parameters": True, "json_serializer": json_text}
    if not settings.uses_sqlite:
        # A fixed pool, since the default one keeps reopening connections under load.
        options |= {"pool_size": 20, "max_overflow": 0, "pool_pre_ping": True}
    return options


def _bind_extensions(app: Flask, settings: Settings) -> None:
    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)
    migrate.init_app(app, db, directory=str(PROJECT_DIR / "defense" / "migrations"))
    babel.init_app(app, locale_selector=_choose_language)
    bootstrap.init_app(app)
    csrf.init_app(app)
    socketio.init_app(
        app,
        async_mode="gevent",
        transports=["websocket"],
        max_http_buffer_size=MAX_SOCKET_MESSAGE_BYTES,
        manage_session=False,
        # One event of a client after the other, in the greenlet that reads its line.
        async_handlers=False,
    )
    app.extensions["sign_in_limiter"] = AttemptLimiter(SIGN_IN_ATTEMPTS, SIGN_IN_WINDOW_S, settings.redis_url)
    app.extensions["feed_limiter"] = AttemptLimiter(FEED_READINGS, FEED_WINDOW_S, settings.redis_url)
    app.extensions["feed_address_limiter"] = AttemptLimiter(
        FEED_READINGS_OF_ADDRESS, FEED_WINDOW_S, settings.redis_url
    )
    # Asked in this order; the platform's own source comes after the folder at hand.
    app.extensions["attachment_folder"] = LocalFolder(settings.attachments_dir)
    sources: list[AttachmentSource] = [app.extensions["attachment_folder"]]
    if settings.upstream:
        most_bytes = settings.attachment_max_mb * 1024**2
        sources.append(PlatformFiles(UpstreamClient(settings.upstream, SOMEBODY_WAITS), most_bytes))
    app.extensions["attachment_sources"] = sources
    app.extensions["hashing"] = ThreadPool(1)
    found = {name.value: provider_from(settings, name) for name in ProviderName}
    app.extensions["meeting_providers"] = {name: provider for name, provider in found.items() if provider}
    _open_room(app, settings)
    if settings.trusted_proxies:
        n = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=n, x_proto=n, x_host=n)  # type: ignore[method-assign]


def _open_room(app: Flask, settings: Settings) -> None:
    with app.app_context():
        sessions, log_eraser = sessionmaker(db.engine), LogEraser(db.engine)
    desk = DatabaseBallotDesk(sessions, _ballot_writer(settings, sessions))
    news = RoomNews(socketio, desk, bell_from(settings))
    events = RoomEvents(desk, news, partial(_caller, sessions), _is_our_page, errors.explain_event_error)
    socketio.on_namespace(events)
    app.extensions |= {
        "ballot_desk": desk,
        "room_news": news,
        "room_sweep": RoomSweep(sessions, events, news),
        "log_eraser": log_eraser,
    }


def _ballot_writer(settings: Settings, sessions: Callable[[], Session]) -> BallotWriter:
    if not settings.uses_sqlite or not monkey.is_module_patched("threading"):
        return BallotWriter(sessions, settings.ballot_key)
    # SQLite blocks while it writes to the disk: under gevent it does so in a thread of its own, with an
    # engine of its own, since a pool is not shared between a thread and greenlets.
    engine = create_engine(settings.database_url, poolclass=StaticPool, hide_parameters=True)
    prepare_engine(engine)
    return BallotWriter(sessionmaker(engine), settings.ballot_key, ThreadPool(1).apply)


def _caller(sessions: Callable[[], Session], sign_in_id: str | None) -> Caller | None:
    """Who a socket is when it connects."""
    with sessions() as db_session:
        principal = principal_of(db_session, sign_in_id)
        if principal is None:
            return None
        expires_at = db_session.get_one(SignIn, principal.sign_in_id).expires_at
        return Caller(principal.sign_in_id, principal.account_id, principal.role, expires_at)


def _is_our_page(csrf_token: object) -> bool:
    """Whether a socket's token is the one that this browser's pages carry."""
    try:
        validate_csrf(csrf_token if isinstance(csrf_token, str) else None)
    except ValueError:
        return False
    return True


def _page_context() -> dict[str, object]:
    """What every page needs; a page about another round than the newest passes its own."""
    principal = current_principal()
    office = principal is not None and principal.role in (Role.STAFF, Role.SUPERVISOR)
    return {
        "principal": principal,
        "language": errors.language(),
        "round": newest_round(db.session()) if office else None,
    }


def _choose_language() -> str:
    """The language the reader chose here; an office PC set to English still means Chinese officials."""
    chosen = session.get("language") if request else None
    return chosen if chosen in LANGUAGES else LANGUAGES[0]


def _add_security_headers(response):  # type: ignore[no-untyped-def]
    response.headers.setdefault(
        "Content-Security-Policy",
        "default-src 'self'; img-src 'self' data:; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    )
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    # A personal link must not travel to the meeting provider in a Referer.
    response.headers.setdefault("Referrer-Policy", "same-origin")
    if not request.path.startswith("/static/") and "/bootstrap/" not in request.path:
        response.headers.setdefault("Cache-Control", "no-store")
    return response
