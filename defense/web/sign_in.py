"""Signing in by password or personal link, signing out, and the language of the pages."""

from __future__ import annotations

import re

from flask import Blueprint, current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from gevent.threadpool import ThreadPool

from defense.auth import access, public, require_principal
from defense.domain.errors import Forbidden, InvalidInput
from defense.domain.text import Text
from defense.extensions import db
from defense.models import Account, SignIn
from defense.services.access import (
    OFFICE_ROLES,
    TOO_MANY_FAILURES,
    Role,
    change_password,
    end_sign_in,
    find_password,
    password_fits,
    sign_in_with_link,
    sign_in_with_password,
)
from defense.services.rounds import newest_round
from defense.services.throttle import AttemptLimiter
from defense.services.transaction import begin_write

pages = Blueprint("sign_in", __name__)

OWN_ADDRESS = re.compile(r"/(?![/\\])[^\x00-\x20\\]*")
"""A path of this service: one slash, and nothing that a browser would read as another host."""


@pages.get("/login")
@public
def login() -> ResponseReturnValue:
    """The sign-in page of the office; experts and candidates come by their links."""
    return render_template("sign_in/login.html", next=request.args.get("next", ""))


@pages.post("/login")
@public
def login_submit() -> ResponseReturnValue:
    """Check name and password."""
    limiter: AttemptLimiter = current_app.extensions["sign_in_limiter"]
    address = request.remote_addr or ""
    if not limiter.allows(address):
        raise Forbidden(TOO_MANY_FAILURES)
    account_id, digest = find_password(db.session(), request.form.get("username", "").strip())
    # Computed in a thread, with no transaction open: neither the server nor other writers wait for it.
    db.session.rollback()
    hashing: ThreadPool = current_app.extensions["hashing"]
    fits = hashing.apply(password_fits, (digest, request.form.get("password", "")))
    begin_write(db.session())
    hours = current_app.extensions["settings"].session_hours
    signed_in = sign_in_with_password(db.session(), account_id, fits, hours)
    db.session.commit()
    if signed_in is not None:
        limiter.clear(address)
    else:
        flash(_("The user name or the password is wrong."), "danger")
        return render_template("sign_in/login.html", next=request.form.get("next", "")), 401
    _enter(signed_in)
    return redirect(_own_address(request.form.get("next", "")))


@pages.get("/link/<token>")
@public
def link(token: str) -> ResponseReturnValue:
    """Sign in by a personal link. The link stays good: mail programs and people open it many times."""
    begin_write(db.session())
    signed_in = sign_in_with_link(db.session(), token, current_app.extensions["settings"].session_hours)
    db.session.commit()
    if signed_in is None:
        round_ = newest_round(db.session())
        telephones = round_.rules.telephones if round_ else ()
        return render_template("sign_in/dead_link.html", telephones=telephones), 410
    _enter(signed_in)
    return redirect(url_for("home.index"))


@pages.post("/logout")
@access(*Role)
def logout() -> ResponseReturnValue:
    """Sign out; this browser's sockets go with it."""
    sign_in_id = require_principal().sign_in_id
    end_sign_in(db.session(), sign_in_id)
    db.session.commit()
    language = session.get("language")
    session.clear()
    if language:
        session["language"] = language
    return redirect(url_for("sign_in.login"))


@pages.get("/password")
@access(*OFFICE_ROLES)
def password() -> ResponseReturnValue:
    """Choose a password."""
    account = db.session.get_one(Account, require_principal().account_id)
    return render_template("sign_in/password.html", has_password=account.password_hash is not None)


@pages.post("/password")
@access(*OFFICE_ROLES)
def password_submit() -> ResponseReturnValue:
    """Keep the chosen password."""
    account = db.session.get_one(Account, require_principal().account_id)
    new = request.form.get("password", "")
    if new != request.form.get("again", ""):
        raise InvalidInput(Text("两次输入的新密码不一致。", "The two new passwords differ."))
    current, sign_in_id = request.form.get("current", ""), require_principal().sign_in_id
    change_password(db.session(), account, current, new, sign_in_id)
    db.session.commit()
    flash(_("Your password has been changed."), "success")
    return redirect(url_for("home.index"))


@pages.post("/language/<code>")
@public
def language(code: str) -> ResponseReturnValue:
    """Choose the language of the pages."""
    session["language"] = "en" if code == "en" else "zh"
    return redirect(_own_address(request.form.get("next", "")))


def _enter(signed_in: SignIn) -> None:
    """Begin a browser session; whatever an earlier one left is dropped."""
    language = session.get("language")
    session.clear()
    session["sign_in_id"] = signed_in.id
    if language:
        session["language"] = language


def _own_address(address: str) -> str:
    """An address of this service, or the start page: never a stranger's site."""
    own = OWN_ADDRESS.fullmatch(address) is not None
    return address if own else url_for("home.index")
