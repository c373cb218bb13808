"""A real mail server on the loopback interface that gives the answers a test has lined up."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.smtp import Envelope


@dataclass
class MailServer:
    """Takes mail, or gives the answers that a test has lined up."""

    answers: dict[str, list[str]] = field(default_factory=dict)
    """By recipient; each is used once, "hang up" ends the connection. Without one the mail is taken."""
    sender_answers: list[str] = field(default_factory=list)
    """To MAIL FROM, each used once."""
    taken: list[tuple[str, bytes]] = field(default_factory=list)
    connections: int = 0
    delay_s: float = 0
    port: int = 0

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def handle_EHLO(
        self, server: Any, session: Any, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.connections += 1
        return responses

    async def handle_MAIL(
        self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.sender_answers:
            return self.sender_answers.pop(0)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        lined_up = self.answers.get(address)
        if lined_up:
            answer = lined_up.pop(0)
            if answer == "hang up":
                server.transport.close()
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        await asyncio.sleep(self.delay_s)
        assert isinstance(envelope.content, bytes)
        (recipient,) = envelope.rcpt_tos
        self.taken.append((recipient, envelope.content))
        return "250 taken"
