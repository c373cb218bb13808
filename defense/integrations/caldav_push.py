"""The centre's calendar server (CalDAV, RFC 4791): putting single events there and taking them away.

Every change is conditional on the server's own mark of the object (ETag): what somebody else changed there is
noticed, fetched anew, and only then overwritten, because the timetable is decided here and not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import requests
from caldav.davclient import DAVClient
from caldav.lib.error import AuthorizationError

from defense.settings import CalendarServer

TIMEOUT_S = 15
"""For the connection, and for every wait for more of an answer."""
MAX_WORDS = 300
_STORED = (HTTPStatus.CREATED, HTTPStatus.NO_CONTENT)
_GONE = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)


class PushKind(StrEnum):
    """What a calendar server's answer means for the object."""

    DONE = "done"
    LATER = "later"


@dataclass(frozen=True)
class PushAnswer:
    """The answer to one push.

    `etag` is the server's mark of what it has now; None when there is nothing, or none was told. `words` are
    the server's own. `was_changed`: it had another version than the one we knew. `unreachable`: no object has
    a chance now.
    """

    kind: PushKind
    words: str
    etag: str | None = None
    was_changed: bool = False
    unreachable: bool = False


@dataclass(frozen=True)
class _Reply:
    status: int
    reason: str
    etag: str | None

    @property
    def is_good(self) -> bool:
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def words(self) -> str:
        return f"{self.status} {self.reason}".strip()


class CaldavServer:
    """One calendar on a CalDAV server; a connection serves a whole batch.

    It raises nothing for what a server or the line may do: that is in the answer.
    """

    def __init__(self, server: CalendarServer) -> None:
        self._server = server
        self._client: Any = None

    def put(self, uid: str, data: bytes, etag: str | None) -> PushAnswer:
        """Create or replace the object of a UID.

        Parameters
        ----------
        data : the calendar object, without METHOD.
        etag : the mark of the version that we know to be there; None for none.
        """
        return self._carefully(lambda: self._put(uid, data, etag))

    def delete(self, uid: str, etag: str | None) -> PushAnswer:
        """Take the object of a UID away; one that is gone already is as good."""
        return self._carefully(lambda: self._delete(uid, etag))

    def close(self) -> None:
        """End the batch; the next call starts a new one."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _put(self, uid: str, data: bytes, etag: str | None) -> PushAnswer:
        reply = self._put_if(uid, data, etag)
        is_other = reply.status == HTTPStatus.PRECONDITION_FAILED
        was_changed = is_other and etag is not None
        if is_other:
            found = self._ask(uid, "GET")
            if not found.is_good and found.status not in _GONE:
                return PushAnswer(PushKind.LATER, found.words, etag)
            reply = self._put_if(uid, data, (found.etag or "*") if found.is_good else None)
        if reply.status in (*_GONE, HTTPStatus.CONFLICT):
            words = f"{reply.words} (CALDAV_URL, CALDAV_CALENDAR: no such calendar?)"
            return PushAnswer(PushKind.LATER, words, etag, was_changed, unreachable=True)
        if not reply.is_good:
            return PushAnswer(PushKind.LATER, reply.words, etag, was_changed)
        # A server that changes what it stores tells no mark (RFC 4791 section 5.3.4).
        new = reply.etag or self._ask(uid, "GET").etag
        if new is None and reply.status not in _STORED:
            # Such as the sign-in page of a network, which greets every request.
            return PushAnswer(PushKind.LATER, f"{reply.words}, without ETag", etag, was_changed)
        return PushAnswer(PushKind.DONE, reply.words, new, was_changed)

    def _put_if(self, uid: str, data: bytes, etag: str | None) -> _Reply:
        condition = {"If-Match": etag} if etag else {"If-None-Match": "*"}
        headers = {"Content-Type": "text/calendar; charset=utf-8", **condition}
        return self._ask(uid, "PUT", data.decode(), headers)

    def _delete(self, uid: str, etag: str | None) -> PushAnswer:
        reply = self._ask(uid, "DELETE", headers={"If-Match": etag} if etag else {})
        was_changed = reply.status == HTTPStatus.PRECONDITION_FAILED
        if was_changed:
            found = self._ask(uid, "GET")
            reply = (
                self._ask(uid, "DELETE", headers={"If-Match": found.etag or "*"}) if found.is_good else found
            )
        if reply.is_good or reply.status in _GONE:
            return PushAnswer(PushKind.DONE, reply.words, was_changed=was_changed)
        return PushAnswer(PushKind.LATER, reply.words, etag, was_changed)

    def _ask(self, uid: str, method: str, body: str = "", headers: Mapping[str, str] | None = None) -> _Reply:
        url = f"{self._server.calendar_url}{quote(uid, safe='')}.ics"
        response = self._connected().request(url, method, body, dict(headers or {}))
        return _Reply(response.status, response.reason or "", response.headers.get("ETag"))

    def _connected(self) -> Any:
        if self._client is None:
            server = self._server
            client: Any = DAVClient(
                server.calendar_url, username=server.user, password=server.password, timeout=TIMEOUT_S
            )
            # Neither proxies nor a .netrc of the environment: the password goes to this server alone.
            client.session.trust_env = False
            # A redirect would turn a PUT into a GET, whose 200 would look like success.
            client.session.max_redirects = 0
            client.session.hooks["response"].append(_drop_body)
            self._client = client
        return self._client

    def _carefully(self, act: Any) -> PushAnswer:
        try:
            answer: PushAnswer = act()
        except AuthorizationError as error:
            # The client has forgotten the password after a refusal.
            self.close()
            return self._away(f"{error.reason} (CALDAV_USER, CALDAV_PASSWORD?)")
        except requests.RequestException as error:
            self.close()
            return self._away(_cause_of(error))
        except Exception as error:
            # Whatever the library's parsing makes of an odd answer: only the kind of it is told.
            self.close()
            return self._away(type(error).__name__)
        return PushAnswer(
            answer.kind, self._clean(answer.words), answer.etag, answer.was_changed, answer.unreachable
        )

    def _away(self, words: str) -> PushAnswer:
        return PushAnswer(PushKind.LATER, self._clean(words), unreachable=True)

    def _clean(self, words: str) -> str:
        """One short line, whatever the server says, without the password."""
        return " ".join(words.replace(self._server.password, "…").split())[:MAX_WORDS]


def _drop_body(response: requests.Response, **_options: object) -> None:
    """Only status and headers count; the library would parse the body, and write odd ones into the log."""
    response._content = b""
    response.close()


def _cause_of(error: requests.RequestException) -> str:
    """What the system said at the bottom of it: `Connection refused` rather than three classes."""
    cause: BaseException | None = error
    found = type(error).__name__
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            found = cause.strerror
        cause = cause.__cause__ or cause.__context__
    return found
