"""Reads applications from the platform and tells it what was decided.

Everything it asks for may be asked again without harm: what changes something upstream carries an
idempotency key. So any call that the line or the platform lost is repeated within the patience.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import IO, Any
from urllib.parse import quote, urlencode

from defense.domain.errors import InvalidInput
from defense.domain.record_parts import FeePayment
from defense.domain.text import Text
from defense.integrations.http_line import Answer, Request, Silence, send
from defense.integrations.upstream.column_map import load_column_map
from defense.integrations.upstream.failures import (
    FailureKind,
    UpstreamFailure,
    failure_of,
    not_json,
    silent,
    unreadable,
)
from defense.integrations.upstream.signing import KeySigner, Signer, TokenSigner
from defense.settings import UpstreamAccess

PAGE_SIZE = 100
MOST_PAGES = 5_000
MOST_BYTES = 32 << 20
"""Of a page: a hundred records with twenty thousand characters in some fields."""


MOST_ETAG = 200
MOST_CURSOR = 1_000
MOST_FEE_WORDS = 200
MOST_DEEP = 20
_NO_RECORD = Text("平台给出的申报没有内容（record）", "the platform's application has no record")
_NO_ETAG = Text(
    "平台给出的申报缺少可用的版本号（etag）或状态（status）",
    "the platform's application has no etag, or no status, that can be used",
)
_UNSTORABLE = Text(
    "“{place}”中有无法保存的字符，请平台更正", "“{place}” has characters that cannot be stored"
)


@dataclass(frozen=True)
class Timing:
    """How long one call may take, in seconds.

    After `patience_s` no further attempt begins. Before the nth repetition lies a pause between 0 and
    `first_pause_s` · 2ⁿ, drawn at random, so that many who were cut off do not come back together.
    """

    connect_s: float = 3.05
    read_s: float = 20.0
    patience_s: float = 30.0
    attempts: int = 5
    first_pause_s: float = 0.25


@dataclass(frozen=True)
class FeedItem:
    """One application as the platform gave it out; the record is not checked yet."""

    record: dict[str, Any]
    etag: str
    status: str
    """`approved`, `returned` or `withdrawn`."""
    fault: Text | None = None
    """Why it cannot be used; the fields above are what could be read of it."""


@dataclass(frozen=True)
class FeedPage:
    """One page of what changed, and where the next one begins."""

    items: tuple[FeedItem, ...]
    next_cursor: str


@dataclass(frozen=True)
class FeeStatus:
    """Whether the review fee was paid; `payment` is None when not told."""

    paid: bool
    payment: FeePayment | None


class UpstreamClient:
    """One installation's access to the platform; may be used by several threads."""

    def __init__(self, access: UpstreamAccess, timing: Timing | None = None) -> None:
        self._url = f"{access.url}/api/v1"
        self._timing = timing or Timing()
        self._map = load_column_map(access.map_file) if access.map_file else None
        once = partial(send, connect_s=self._timing.connect_s, read_s=self._timing.read_s)
        self._once = once
        tokens = partial(once, most_bytes=MOST_BYTES)
        self._signer: Signer = TokenSigner(access, tokens) if access.auth == "oauth2" else KeySigner(access)

    def pages(self, round_code: str, cursor: str = "", limit: int = PAGE_SIZE) -> Iterator[FeedPage]:
        """What changed since a cursor, page by page.

        The platform's count and its word whether there is more are not relied upon: the feed ends with an
        empty page, which is given out too when its cursor has moved.

        Raises
        ------
        UpstreamFailure
            Also when the cursor comes round again, or after `MOST_PAGES`; the pages given out so far hold.
        """
        seen = {cursor}
        for _ in range(MOST_PAGES):
            page = self._page(round_code, cursor, limit)
            if page.items or page.next_cursor != cursor:
                yield page
            if not page.items:
                return
            cursor = page.next_cursor
            if cursor in seen:
                raise unreadable("分页游标重复，无法继续翻页", "its cursor came round again")
            seen.add(cursor)
        raise unreadable(f"超过{MOST_PAGES}页仍未结束", f"there was no end after {MOST_PAGES} pages")

    def fetch(self, round_code: str, number: str, etag: str = "") -> FeedItem | None:
        """One application; None when the platform's version is still the one with this etag."""
        headers = {"If-None-Match": etag} if etag else {}
        answer = self._call("GET", self._path(round_code, number), None, headers)
        if answer.status == 304:
            return None
        item = self._item(answer.json())
        if item.record.get("number", number) != number:
            raise unreadable("给出的是另一份申报", "another application came back")
        return item

    def fee(self, round_code: str, number: str) -> FeeStatus:
        """Whether the fee was paid."""
        content = self._json(f"{self._path(round_code, number)}/fee")
        if not isinstance(content.get("paid"), bool):
            raise unreadable("缴费状态缺失", "the state of the fee is missing")
        payment = {name: content.get(name) or "" for name in ("paid_on", "payer", "receipt_number")}
        if any(not isinstance(word, str) or len(word) > MOST_FEE_WORDS for word in payment.values()):
            raise unreadable("缴费信息不可用", "what it says of the fee cannot be used")
        if _unstorable(payment) is not None:
            raise unreadable("缴费信息含有无法保存的字符", "what it says of the fee cannot be kept")
        if not payment["paid_on"]:
            return FeeStatus(content["paid"], None)
        try:
            paid_on = date.fromisoformat(payment["paid_on"])
        except ValueError as error:
            raise unreadable("缴费日期不可用", "the day of the payment is none") from error
        return FeeStatus(content["paid"], FeePayment(paid_on, payment["payer"], payment["receipt_number"]))

    def attachment(self, upstream_id: str, into: IO[bytes], most_bytes: int) -> None:
        """Write an uploaded file into an empty file of ours, as whole as the platform's digest says.

        Raises
        ------
        UpstreamFailure
            `TOO_LARGE` for more than `most_bytes`. What `into` holds then is of no use.
        """
        path = f"/attachments/{quote(upstream_id, safe='')}"
        answer = self._repeated(lambda: self._attempt_file(path, into, most_bytes))
        stated = answer.headers.get("Digest", "")
        if stated.lower().startswith("sha-256=") and stated[8:] != _digest_of(into):
            raise unreadable("材料内容与摘要不符", "the file is not what its digest says")

    def put(
        self, round_code: str, number: str, kind: str, body: Mapping[str, Any], *, if_match: str, key: str
    ) -> str:
        """Tell a decision or a result; returns the record's new etag.

        Parameters
        ----------
        kind : `decision` or `result`.
        if_match : the version of the record that is known here.
        key : the idempotency key, the same for every repetition.
        """
        headers = {"If-Match": if_match, "Idempotency-Key": key, "Content-Type": "application/json"}
        data = json.dumps(body, ensure_ascii=False).encode()
        path = f"{self._path(round_code, number)}/{kind}"
        etag = (self._call("PUT", path, data, headers).json() or {}).get("etag")
        if not is_etag(etag):
            raise unreadable("缺少可用的新版本号", "a new etag that can be used is missing")
        return str(etag)

    def _page(self, round_code: str, cursor: str, limit: int) -> FeedPage:
        query = urlencode({"cursor": cursor, "limit": limit})
        content = self._json(f"{self._path(round_code)}?{query}")
        items, next_cursor = content.get("items"), content.get("next_cursor")
        if not isinstance(items, list) or not isinstance(next_cursor, str):
            raise unreadable("缺少 items 或 next_cursor", "items or next_cursor is missing")
        if len(next_cursor) > MOST_CURSOR or not next_cursor.isprintable() or not next_cursor.isascii():
            raise unreadable("分页游标不可用", "its cursor cannot be used")
        return FeedPage(tuple(self._item(item) for item in items), next_cursor)

    def _item(self, value: Any) -> FeedItem:
        item = _item(value)
        if self._map is None or item.fault is not None:
            return item
        try:
            return replace(item, record=self._map.apply(item.record))
        except InvalidInput as error:
            number = self._map.number_of(item.record)
            return replace(item, record={"number": number}, fault=error.text)

    def _path(self, round_code: str, number: str | None = None) -> str:
        path = f"/rounds/{quote(round_code, safe='')}/applications"
        return path if number is None else f"{path}/{quote(number, safe='')}"

    def _json(self, path: str) -> dict[str, Any]:
        return self._call("GET", path, None, {}).json() or {}

    def _call(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        return self._repeated(lambda: self._attempt_json(method, path, body, headers))

    def _repeated(self, attempt_once: Callable[[], Answer | UpstreamFailure]) -> Answer:
        """Send, and send again within the patience while that may help."""
        began, attempt, has_signed_anew = time.monotonic(), 1, False
        while True:
            answer = attempt_once()
            if isinstance(answer, Answer):
                return answer
            if answer.kind is FailureKind.CREDENTIALS and not has_signed_anew and self._signer.forget():
                has_signed_anew = True
                continue
            pause = self._pause_s(attempt, answer)
            is_late = time.monotonic() - began + pause > self._timing.patience_s
            if answer.kind is not FailureKind.LATER or attempt == self._timing.attempts or is_late:
                raise answer
            time.sleep(pause)
            attempt += 1

    def _attempt_json(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer | UpstreamFailure:
        answer = self._attempt(method, path, body, headers)
        if isinstance(answer, Answer) and answer.status != 304 and answer.json() is None:
            return not_json()
        return answer

    def _attempt_file(self, path: str, into: IO[bytes], most_bytes: int) -> Answer | UpstreamFailure:
        into.seek(0)
        into.truncate()
        return self._attempt("GET", path, None, {}, most_bytes, into)

    def _attempt(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str],
        most_bytes: int = MOST_BYTES,
        into: IO[bytes] | None = None,
    ) -> Answer | UpstreamFailure:
        try:
            signature = self._signer.headers(method, self._url + path, body)
        except UpstreamFailure as failure:
            return failure
        request = Request(method, self._url + path, {**headers, **signature}, body)
        answer = self._once(request, most_bytes=most_bytes, into=into)
        if isinstance(answer, Silence):
            return silent(answer)
        return failure_of(answer) or answer

    def _pause_s(self, attempt: int, failure: UpstreamFailure) -> float:
        if failure.retry_after_s is not None:
            return failure.retry_after_s
        return random.uniform(0, self._timing.first_pause_s * 2.0**attempt)  # noqa: S311


def _digest_of(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    for piece in iter(lambda: file.read(1 << 16), b""):
        digest.update(piece)
    return base64.b64encode(digest.digest()).decode()


def _item(value: Any) -> FeedItem:
    """An item of the feed; what is wrong with it is its own fault and stops no other."""
    value = value if isinstance(value, dict) else {}
    record, etag, status = value.get("record"), value.get("etag"), value.get("status", "approved")
    if not isinstance(record, dict):
        return FeedItem({}, "", "", _NO_RECORD)
    if not is_etag(etag) or not isinstance(status, str):
        return FeedItem(record, "", "", _NO_ETAG)
    if (place := _unstorable(record)) is not None:
        return FeedItem(record, etag, status, _UNSTORABLE.format(place=place))
    return FeedItem(record, etag, status)


def is_etag(value: Any) -> bool:
    """Whether it can be kept, and sent back in a header."""
    is_word = isinstance(value, str) and value.isascii() and value.isprintable() and value == value.strip()
    return is_word and 0 < len(value) <= MOST_ETAG


def _unstorable(value: Any, place: str = "", depth: int = 0) -> str | None:
    """Where a text has a NUL or half a surrogate pair, which no database takes; None for nowhere.

    So is what lies deeper than anything of the contract.
    """
    if isinstance(value, str):
        return place if "\0" in value or any("\ud800" <= c <= "\udfff" for c in value) else None
    if depth > MOST_DEEP:
        return place[:100]
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = (_unstorable(part, f"{place}.{key}".lstrip("."), depth + 1) for key, part in parts)
    return next((where for where in found if where is not None), None)
