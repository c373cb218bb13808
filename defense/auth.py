"""Who is asking, and the access mark that every view carries."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import Flask, abort, g, redirect, request, session, url_for
from flask_socketio import SocketIO
from werkzeug.wrappers import Response

from defense.extensions import db
from defense.services.access import Principal, Role, principal_of
from defense.services.transaction import begin_write

View = TypeVar("View", bound=Callable[..., Any])
PUBLIC = "public"
WRITING_METHODS = ("POST", "PUT", "PATCH", "DELETE")
OPEN_ENDPOINTS = frozenset({"static", "bootstrap.static"})
"""Files that the libraries serve themselves: style sheets and scripts."""


class MissingAccessMark(RuntimeError):
    """A view or event does not say who may use it; the application does not start."""


def access(*roles: Role) -> Callable[[View], View]:
    """Let a view through for these roles only; others are sent to sign in, or refused."""

    def mark(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            principal = current_principal()
            if principal is None:
                return _ask_to_sign_in()
            if principal.role not in roles:
                abort(403)
            return view(*args, **kwargs)

        guarded.access_roles = roles  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return mark


def public(view: View) -> View:
    """Mark a view as open to everyone."""
    view.access_roles = PUBLIC  # type: ignore[attr-defined]
    return view


def own_transaction(view: View) -> View:
    """Mark a view whose service commits by itself: the request opens no transaction for writing around it."""
    view.has_own_transaction = True  # type: ignore[attr-defined]
    return view


def current_principal() -> Principal | None:
    """Who is asking, looked up once a request."""
    if "principal" not in g:
        g.principal = principal_of(db.session(), session.get("sign_in_id"))
    principal: Principal | None = g.principal
    return principal


def require_principal() -> Principal:
    """Who is asking, in a view that `access` has guarded."""
    principal = current_principal()
    if principal is None:
        abort(401)
    return principal


def begin_write_requests(app: Flask) -> None:
    """Start the transaction of every request that may write as a writer.

    The body is read first: waiting for a slow line while holding SQLite's only write lock would stop
    everybody else.
    """

    @app.before_request
    def _begin_write() -> None:
        view = app.view_functions.get(request.endpoint or "")
        if request.method in WRITING_METHODS and not hasattr(view, "has_own_transaction"):
            _ = request.form, request.files, request.get_data(cache=True)
            begin_write(db.session())


def check_access_marks(app: Flask, socketio: SocketIO) -> None:
    """Refuse to start when a view or an event lacks its mark.

    Raises
    ------
    MissingAccessMark
        Naming all of them.
    """
    views = {name: view for name, view in app.view_functions.items() if name not in OPEN_ENDPOINTS}
    bare = [name for name, view in views.items() if not hasattr(view, "access_roles")]
    for handlers in socketio.server.handlers.values():
        bare += [
            f"event {name}" for name, handler in handlers.items() if not hasattr(handler, "access_roles")
        ]
    for namespace in socketio.server.namespace_handlers.values():
        events = [name for name in dir(namespace) if name.startswith("on_")]
        bare += [f"event {name}" for name in events if not hasattr(getattr(namespace, name), "access_roles")]
    if bare:
        raise MissingAccessMark(f"no access mark on: {', '.join(sorted(bare))}")


def _ask_to_sign_in() -> Response:
    if request.method != "GET":
        abort(401)
    return redirect(url_for("sign_in.login", next=request.full_path.rstrip("?")))
