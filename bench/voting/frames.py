"""Websocket frames and Socket.IO packets by hand: a library would cost more than the vote."""

import json

FIN_TEXT, FIN_CLOSE = 0x81, 0x88
MASKED = 0x80
NO_MASK = bytes(4)
"""A mask of noughts: the server takes it off like any other, and we need not put it on."""
TWO_BYTES, EIGHT_BYTES = 126, 127
PAYLOAD_BYTES = 1_600
"""The JSON of every ballot, as the page pads it."""

CLOSED = b""
"""What `decode` yields for a close frame; no packet is empty."""


def encode(packet: bytes) -> bytes:
    """Return a client's text frame."""
    length = len(packet)
    if length < TWO_BYTES:
        head = bytes((FIN_TEXT, MASKED | length))
    else:
        head = bytes((FIN_TEXT, MASKED | TWO_BYTES)) + length.to_bytes(2, "big")
    return head + NO_MASK + packet


PONG = encode(b"3")
"""The answer to Engine.IO's ping."""


def decode(data: bytes) -> tuple[list[bytes], bytes]:
    """Take a server's frames apart.

    Returns
    -------
    The packets, `CLOSED` for a close frame; and the beginning of the next frame.

    Raises
    ------
    ValueError
        A frame that this server has no reason to send.
    """
    packets, start, end = [], 0, len(data)
    while end - start >= 2:
        length, body = data[start + 1], start + 2
        if length >= TWO_BYTES:
            body += 2 if length == TWO_BYTES else 8
            if body > end:
                break
            length = int.from_bytes(data[start + 2 : body], "big")
        if body + length > end:
            break
        if data[start] == FIN_TEXT:
            packets.append(data[body : body + length])
        elif data[start] == FIN_CLOSE:
            packets.append(CLOSED)
        else:
            raise ValueError(f"frame of kind {data[start]:#x}")
        start = body + length
    return packets, data[start:]


def handshake(host: str, sitting_id: int, cookie: str) -> bytes:
    """Return the request that opens a websocket as a page of the service does."""
    return (
        f"GET /socket.io/?sitting={sitting_id}&EIO=4&transport=websocket HTTP/1.1\r\n"
        f"Host: {host}\r\nOrigin: http://{host}\r\nCookie: {cookie}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    ).encode()


def connect_packet(csrf_token: str) -> bytes:
    """Return Socket.IO's request to come in."""
    return b"40" + json.dumps({"csrf_token": csrf_token}).encode()


def event(ack_id: int, name: str, data: object) -> bytes:
    """Return a frame with an event that asks for an answer."""
    return encode(f"42{ack_id}".encode() + json.dumps([name, data], separators=(",", ":")).encode())


def ballot(ack_id: int, ballot_round_id: str, key: str) -> bytes:
    """Return a frame with a ballot, padded as the page pads it."""
    data = {
        "ballot_round_id": ballot_round_id,
        "choice": "pass",
        "veto_reason": None,
        "comment": None,
        "score_tenths": None,
        "key": key,
        "pad": "",
    }
    data["pad"] = "x" * (PAYLOAD_BYTES - len(json.dumps(data, separators=(",", ":"))))
    return event(ack_id, "cast_ballot", data)
