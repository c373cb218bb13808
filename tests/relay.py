"""A real mail server on loopback that remembers what it took, drops what it had before, and can be a trap."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesHeaderParser
from hashlib import sha256
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope


@dataclass
class Relay:
    """Takes mail; a repeated Message-ID is answered with 250 and dropped, as good relays do.

    Parameters
    ----------
    on_mail : called with the number of mails that have come in so far, before the answer is given.
    """

    on_mail: Callable[[int], None] = lambda _count: None
    delay_s: float = 0
    port: int = 0
    arrivals: Counter[str] = field(default_factory=Counter)
    """Message-ID → how often it came in."""
    delivered: Counter[str] = field(default_factory=Counter)
    """Recipient → mails that were passed on to them; a repeated one is not."""
    digests: dict[str, set[str]] = field(default_factory=dict)
    """Message-ID → digests of the bytes that came in under it."""

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def repeats(self) -> int:
        """Mails that came in more than once: what a reader would see twice without the relay."""
        return self.arrivals.total() - len(self.arrivals)

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        message_id = BytesHeaderParser().parsebytes(envelope.content)["Message-ID"]
        self.arrivals[message_id] += 1
        if self.arrivals[message_id] == 1:
            self.delivered.update(envelope.rcpt_tos)
        self.digests.setdefault(message_id, set()).add(sha256(envelope.content).hexdigest())
        self.on_mail(self.arrivals.total())
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        return "250 taken"


class AnyPortController(Controller):
    """Lets the system choose the port; the plain one then knocks at port 0 to see whether it is up."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.base_events.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def running(relay: Relay) -> Iterator[Relay]:
    """Serve on a free port of the loopback interface."""
    controller = AnyPortController(relay, hostname="127.0.0.1", port=0)
    controller.start()
    try:
        relay.port = controller.port
        yield relay
    finally:
        controller.stop()
