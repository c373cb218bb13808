"""One table: expected error → HTTP status, and how each is told to a browser or a program."""

from __future__ import annotations

from flask import Flask, current_app, flash, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from defense.domain.errors import Conflict, DomainError, Forbidden, IllegalState, InvalidInput, NotFound
from defense.domain.text import Text
from defense.extensions import db

STATUS: dict[type[DomainError], int] = {
    InvalidInput: 422,
    Forbidden: 403,
    NotFound: 404,
    IllegalState: 409,
    Conflict: 409,
}

HTTP_TEXT: dict[int, Text] = {
    400: Text("请求无法识别，请返回上一页重试。", "The request could not be read; go back and try again."),
    401: Text("请先登录。", "Please sign in first."),
    403: Text("您没有权限查看此页。", "You may not see this page."),
    404: Text("没有找到这一页，链接可能已失效。", "There is no such page; the link may be out of date."),
    405: Text("请求方式不正确。", "This address does not take that kind of request."),
    413: Text("文件过大，请拆分后上传。", "The file is too large; split it and upload the parts."),
    500: Text(
        "系统出错，操作未完成，数据未改动。请稍后再试，或联系技术支持。",
        "Something went wrong and nothing was changed. Try again later, or call support.",
    ),
}


def language() -> str:
    """The language tag of this request."""
    return str(get_locale() or "zh")


def explain_event_error(error: Exception, language_tag: str) -> dict[str, str] | None:
    """An expected error of a socket event as `{"code", "message"}`; None for one that is a defect."""
    if not isinstance(error, DomainError):
        return None
    return {"code": type(error).__name__, "message": error.text.pick(language_tag)}


def register_error_pages(app: Flask) -> None:
    """Answer errors with a page, or with JSON where the caller asked for it."""
    app.register_error_handler(DomainError, _on_domain_error)
    app.register_error_handler(CSRFError, _on_csrf_error)
    app.register_error_handler(HTTPException, _on_http_error)
    app.register_error_handler(Exception, _on_defect)


def _on_domain_error(error: DomainError) -> ResponseReturnValue:
    status = next(code for kind, code in STATUS.items() if isinstance(error, kind))
    page_before = request.headers.get("Referer", "")
    if request.method == "POST" and _wants_page() and page_before.startswith(request.host_url):
        # Back to the form, with the words above it: what was typed elsewhere on the page is not lost.
        db.session.rollback()
        flash(error.text.pick(language()), "danger")
        return redirect(page_before)
    return _answer(status, error.text)


def _on_csrf_error(_error: CSRFError) -> ResponseReturnValue:
    return _answer(
        400,
        Text(
            "页面已过期，请返回刷新后重新提交。",
            "This page has expired; go back, reload it and send it again.",
        ),
    )


def _on_http_error(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    if error.response is not None or status < 400:
        return error
    return _answer(status, HTTP_TEXT.get(status, HTTP_TEXT[400]))


def _on_defect(error: Exception) -> ResponseReturnValue:
    current_app.logger.error("%s %s failed", request.method, request.url_rule, exc_info=error)
    return _answer(500, HTTP_TEXT[500])


def _wants_page() -> bool:
    return request.accept_mimetypes.best_match(["text/html", "application/json"]) != "application/json"


def _answer(status: int, text: Text) -> ResponseReturnValue:
    db.session.rollback()
    message = text.pick(language())
    if not _wants_page():
        return jsonify({"ok": False, "message": message}), status
    return render_template("error.html", status=status, message=message), status
