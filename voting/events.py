"""The Socket.IO side of the voting room: who is connected, what they may send, and what they are told."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import request, session
from flask_socketio import Namespace, SocketIO

from voting.room import BallotDesk, Bell, Caller, MalformedBallot, parse_ballot

ROOM_ROLES = ("expert", "secretary", "staff", "supervisor")
COALESCE_S, COALESCE_MOST_S = 0.1, 0.4
"""Changes within this time become one message: a vote waits for no broadcast."""
ROOMS_AT_ONCE = 10
MAX_SOCKETS_A_SIGN_IN = 20
FORBIDDEN = {"ok": False, "code": "Forbidden"}


def event_access(*roles: str) -> Callable[[Any], Any]:
    """Mark an event with the roles that may send it; the start-up check looks for the mark.

    Whether this person may, now, is asked of the database by the desk at every event: what was known when
    the socket connected counts for nothing.
    """

    def mark(handler: Any) -> Any:
        handler.access_roles = roles
        return handler

    return mark


@dataclass
class Seat:
    """A connected socket: who it was when it connected, and which sittings it watches."""

    caller: Caller
    language: str
    sittings: set[int] = field(default_factory=set)


class RoomEvents(Namespace):
    """Events of the voting room.

    Parameters
    ----------
    desk : storage; asks at every call whether the person may act.
    news : what is told to the rooms.
    identify : who a sign-in is, as the database says now; None when it is over.
    is_our_page : whether a token is the one of a page that this browser was given.
    explain : an expected error in a language → `{"code", "message"}`, else None.
    """

    def __init__(
        self,
        desk: BallotDesk,
        news: RoomNews,
        identify: Callable[[str | None], Caller | None],
        is_our_page: Callable[[Any], bool],
        explain: Callable[[Exception, str], dict[str, str] | None],
    ) -> None:
        super().__init__("/")
        self.desk, self.news, self.identify = desk, news, identify
        self.is_our_page, self.explain = is_our_page, explain
        self.seats: dict[str, Seat] = {}
        self._sockets: Counter[str] = Counter()
        """Sign-in → how many it has."""
        self._watching: frozenset[tuple[int, int]] | None = None

    def trigger_event(self, event: str, *args: Any) -> Any:
        """Connect inside a request, as the browser's cookie is read there; all else without that cost."""
        if event == "connect":
            welcome = super().trigger_event(event, *args)
            if welcome is False:
                self._hang_up_soon(args[0])
            # The request it came with is of no use any more, and two kilobytes of every socket.
            args[1].clear()
            return welcome
        if event == "disconnect":
            if seat := self.seats.pop(args[0], None):
                self._watching = None
                self._sockets[seat.caller.sign_in_id] -= 1
                if not self._sockets[seat.caller.sign_in_id]:
                    del self._sockets[seat.caller.sign_in_id]
            return None
        handler, seat = getattr(self, f"on_{event}", None), self.seats.get(args[0])
        if not hasattr(handler, "access_roles") or seat is None:
            return FORBIDDEN
        try:
            return handler(args[0], seat, args[1] if len(args) == 2 else None)  # type: ignore[misc]
        except MalformedBallot as error:
            return {"ok": False, "code": "malformed", "field": str(error)}
        except Exception as error:
            explained = self.explain(error, seat.language)
            # An unexpected error gets no answer: the page then sends its ballot again by other ways.
            if explained is None:
                raise
            return {"ok": False, **explained}

    @event_access(*ROOM_ROLES)
    def on_connect(self, auth: Any) -> bool:
        """Let in a page of this service; other origins, and callers that name none, stay out."""
        token = auth.get("csrf_token") if isinstance(auth, dict) else None
        if request.headers.get("Origin") != request.host_url.rstrip("/") or not self.is_our_page(token):
            return False
        caller = self.identify(session.get("sign_in_id"))
        if caller is None or caller.role not in ROOM_ROLES:
            return False
        if self._sockets[caller.sign_in_id] >= MAX_SOCKETS_A_SIGN_IN:
            return False
        self._sockets[caller.sign_in_id] += 1
        sid: str = request.sid  # type: ignore[attr-defined]
        self.seats[sid] = Seat(caller, session.get("language", ""))
        self.server.enter_room(sid, account_room(caller.account_id))
        return True

    @event_access(*ROOM_ROLES)
    def on_enter(self, sid: str, seat: Seat, data: Any) -> dict[str, Any]:
        """Watch a sitting; answers with the person's snapshot. Asked again after a reconnect."""
        sitting_id = data.get("sitting_id") if isinstance(data, dict) else None
        if not isinstance(sitting_id, int) or isinstance(sitting_id, bool):
            raise MalformedBallot("sitting_id")
        entrance = self.desk.enter(seat.caller.sign_in_id, sitting_id)
        if sid not in self.seats:  # hung up on meanwhile
            return FORBIDDEN
        self.server.enter_room(sid, sitting_room(sitting_id))
        if entrance.hears_console:
            self.server.enter_room(sid, console_room(sitting_id))
        seat.sittings.add(sitting_id)
        self._watching = None
        if self.news.told.setdefault(sitting_id, entrance.snapshot.seq) > entrance.snapshot.seq:
            # Told to the room between our reading and our joining it: read again.
            entrance = self.desk.enter(seat.caller.sign_in_id, sitting_id)
        return {"ok": True, "snapshot": entrance.snapshot.to_json()}

    @event_access("expert")
    def on_cast_ballot(self, _sid: str, seat: Seat, data: Any) -> dict[str, Any]:
        """Store a ballot; the answer leaves after it is on disk."""
        receipt = self.desk.cast_ballot(seat.caller.sign_in_id, parse_ballot(data))
        self.news.changed(receipt.sitting_id)
        return {"ok": True, "receipt": receipt.receipt}

    @event_access(*ROOM_ROLES)
    def on_clock(self, _sid: str, seat: Seat, _data: Any) -> dict[str, Any]:
        """The server's clock, by which every timer in the room runs."""
        if self.identify(seat.caller.sign_in_id) is None:
            return FORBIDDEN
        return {"ok": True, "now_ms": round(time.time() * 1000)}

    def watching(self) -> frozenset[tuple[int, int]]:
        """Who watches what here, as (sitting, account); the same object until that changes."""
        if self._watching is None:
            self._watching = frozenset(
                (sitting_id, seat.caller.account_id)
                for seat in list(self.seats.values())
                for sitting_id in seat.sittings
            )
        return self._watching

    def hang_up(self, account_id: int, sign_in_id: str | None) -> None:
        """Cut the sockets of an account, or of one of its sign-ins."""
        for sid, seat in list(self.seats.items()):
            if seat.caller.account_id == account_id and sign_in_id in (None, seat.caller.sign_in_id):
                self._hang_up(sid)

    def hang_up_expired(self, now: datetime) -> None:
        """Cut the sockets whose sign-in has run out."""
        for sid, seat in list(self.seats.items()):
            if seat.caller.expires_at <= now:
                self._hang_up(sid)

    def _hang_up(self, sid: str) -> None:
        line = self.server.manager.eio_sid_from_sid(sid, "/")
        self.server.disconnect(sid, namespace="/")
        self.server.eio.disconnect(line)

    def _hang_up_soon(self, sid: str) -> None:
        """A refused client is told so, and then holds no line open."""
        line = self.server.manager.eio_sid_from_sid(sid, "/")

        def cut() -> None:
            time.sleep(1)
            self.server.eio.disconnect(line)

        self.server.start_background_task(cut)


class RoomNews:
    """Tells the screens of this process what changed in their sittings, and rings for the other processes.

    Every message holds all there is to see, so that a lost one is made good by the next.

    Parameters
    ----------
    bell : reaches the other processes; it may lose a message, hence `RoomSweep`.
    """

    def __init__(self, socketio: SocketIO, desk: BallotDesk, bell: Bell) -> None:
        self._socketio, self._desk, self._bell = socketio, desk, bell
        self._changed: set[int] = set()
        self._heard: set[int] = set()
        self._consoles: set[int] = set()
        self._wake = threading.Event()
        self.told: dict[int, int] = {}
        """Sitting → the number of what its screens here were told last."""

    def changed(self, sitting_id: int) -> None:
        """Something in a sitting changed, and is committed."""
        self._changed.add(sitting_id)
        self._wake.set()

    def console_changed(self, sitting_id: int) -> None:
        """Somebody came or went: news for the console only."""
        self._consoles.add(sitting_id)
        self._wake.set()

    def fell_behind(self, sitting_ids: Collection[int]) -> None:
        """Sittings changed by another process."""
        if sitting_ids:
            self._heard.update(sitting_ids)
            self._wake.set()

    def nudge(self, account_id: int, sitting_id: int) -> None:
        """Remind a member that their ballot is missing."""
        self._emit_nudge(account_id, sitting_id)
        self._bell.ring({"nudge": [account_id, sitting_id]})

    def listen(self) -> None:
        """Hear the other processes, for ever."""
        self._bell.listen(self._on_bell)

    def run(self) -> None:
        """Tell what changes, for ever."""
        took_s = 0.0
        while True:
            self._wake.wait()
            # Telling gets a quarter of the time at most, however many rooms there are.
            time.sleep(min(max(COALESCE_S, 3 * took_s), COALESCE_MOST_S))
            self._wake.clear()
            began_at = time.monotonic()
            changed, self._changed = self._changed, set()
            heard, self._heard = self._heard, set()
            consoles, self._consoles = self._consoles, set()
            if changed:
                self._bell.ring({"sittings": sorted(changed)})
            try:
                self._tell(changed | heard, consoles)
            except Exception:
                # The next sweep finds that these screens fell behind.
                self._socketio.server.logger.exception("telling the rooms failed")
            took_s = time.monotonic() - began_at

    def watched(self) -> list[int]:
        """Sittings with a screen in this process."""
        rooms = self._socketio.server.manager.rooms.get("/", {})
        return [int(room.partition(":")[2]) for room in list(rooms) if room and room.startswith("sitting:")]

    def _tell(self, sitting_ids: Collection[int], consoles: Collection[int]) -> None:
        watched = [id_ for id_ in sitting_ids if self._has_listeners(sitting_room(id_))]
        for start in range(0, len(watched), ROOMS_AT_ONCE):
            for id_, news in self._desk.news_of(watched[start : start + ROOMS_AT_ONCE]).items():
                self._socketio.emit("sitting_changed", news, to=sitting_room(id_))
                self.told[id_] = news["seq"]
            time.sleep(0)  # ballots first
        watching = [id_ for id_ in {*sitting_ids, *consoles} if self._has_listeners(console_room(id_))]
        for id_, console in self._desk.consoles_of(watching).items() if watching else ():
            self._socketio.emit("console_changed", {"console": console}, to=console_room(id_))

    def _has_listeners(self, room: str) -> bool:
        return room in self._socketio.server.manager.rooms.get("/", {})

    def _on_bell(self, message: dict[str, Any]) -> None:
        self.fell_behind(message.get("sittings", ()))
        if nudge := message.get("nudge"):
            self._emit_nudge(*nudge)

    def _emit_nudge(self, account_id: int, sitting_id: int) -> None:
        self._socketio.emit("nudged", {"sitting_id": sitting_id}, to=account_room(account_id))


def sitting_room(sitting_id: int) -> str:
    """The Socket.IO room of everyone who watches a sitting."""
    return f"sitting:{sitting_id}"


def console_room(sitting_id: int) -> str:
    """The Socket.IO room of those who conduct a sitting or watch over it."""
    return f"console:{sitting_id}"


def account_room(account_id: int) -> str:
    """The Socket.IO room of one person's sockets."""
    return f"account:{account_id}"
