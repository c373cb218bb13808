"""The Socket.IO side of the voting room: parse, ask the desk, answer, tell the room."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import request, session
from flask_socketio import Namespace, SocketIO, join_room

from voting.room import BallotDesk, MalformedBallot, parse_ballot

ROOM_ROLES = ("expert", "secretary", "staff", "supervisor")


def event_access(*roles: str) -> Callable[[Any], Any]:
    """Let an event through for these roles only, and answer expected errors in words.

    The role is asked of the database at every event: the socket's session is a copy made when it
    connected. The mark `access_roles` is what the start-up check looks for.
    """

    def mark(handler: Any) -> Any:
        @wraps(handler)
        def guarded(self: RoomEvents, *args: Any) -> Any:
            if self.role_of(session.get("sign_in_id")) not in roles:
                # Of a connect handler Socket.IO understands False only.
                connecting = request.event["message"] == "connect"  # type: ignore[attr-defined]
                return False if connecting else {"ok": False, "code": "forbidden"}
            try:
                return handler(self, args[0] if len(args) == 1 else None)
            except MalformedBallot as error:
                return {"ok": False, "code": "malformed", "field": str(error)}
            except Exception as error:
                explained = self.explain(error)
                if explained is None:
                    raise
                return {"ok": False, **explained}

        guarded.access_roles = roles  # type: ignore[attr-defined]
        return guarded

    return mark


class RoomEvents(Namespace):
    """Events of the voting room.

    Parameters
    ----------
    desk : storage; asks at every call whether the person may act.
    role_of : the role of a sign-in as the database says now, or None when it is over.
    explain : an expected error → `{"code", "message"}` in the language of the request, else None.
    """

    def __init__(
        self,
        desk: BallotDesk,
        role_of: Callable[[str | None], str | None],
        explain: Callable[[Exception], dict[str, str] | None],
    ) -> None:
        super().__init__("/")
        self.desk, self.role_of, self.explain = desk, role_of, explain

    @event_access(*ROOM_ROLES)
    def on_connect(self, auth: Any) -> bool:
        """Let in a page of this service; other origins, and callers that name none, stay out."""
        if request.headers.get("Origin") != request.host_url.rstrip("/"):
            return False
        join_room(sign_in_room(session["sign_in_id"]))
        return True

    @event_access(*ROOM_ROLES)
    def on_enter(self, data: Any) -> dict[str, Any]:
        """Watch a sitting; answers with the person's snapshot. Asked again after a reconnect or a gap."""
        sitting_id = data.get("sitting_id") if isinstance(data, dict) else None
        if not isinstance(sitting_id, int) or isinstance(sitting_id, bool):
            raise MalformedBallot("sitting_id")
        self.desk.enter(session["sign_in_id"], sitting_id)
        join_room(sitting_room(sitting_id))
        # Read again: a change between the first reading and the joining was told to nobody here.
        return {"ok": True, "snapshot": self.desk.enter(session["sign_in_id"], sitting_id).to_json()}

    @event_access("expert")
    def on_cast_ballot(self, data: Any) -> dict[str, Any]:
        """Store a ballot; the answer leaves after it is on disk, and so does the news to the room."""
        receipt = self.desk.cast_ballot(session["sign_in_id"], parse_ballot(data))
        tell_sitting(self.socketio, self.desk, receipt.sitting_id)
        return {"ok": True, "receipt": receipt.receipt}


def sitting_room(sitting_id: int) -> str:
    """The Socket.IO room of everyone who watches a sitting."""
    return f"sitting:{sitting_id}"


def sign_in_room(sign_in_id: str) -> str:
    """The Socket.IO room of one browser's sockets, by which they are cut off at log-out."""
    return f"sign_in:{sign_in_id}"


def tell_sitting(socketio: SocketIO, desk: BallotDesk, sitting_id: int) -> None:
    """Send everyone who watches a sitting what they all may see; call it after the commit."""
    socketio.emit("sitting_changed", desk.shared_snapshot(sitting_id), to=sitting_room(sitting_id))


def reseat(socketio: SocketIO, sitting_id: int) -> None:
    """Make everyone who watches a sitting enter anew, so that who lost their place hears nothing more."""
    socketio.emit("enter_again", to=sitting_room(sitting_id))
    socketio.close_room(sitting_room(sitting_id))


def cut_off(socketio: SocketIO, sign_in_id: str) -> None:
    """Disconnect every socket of one sign-in in this process."""
    participants = socketio.server.manager.get_participants("/", sign_in_room(sign_in_id))
    for sid, _ in list(participants):
        socketio.server.disconnect(sid, namespace="/")
