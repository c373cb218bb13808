"""``python -m bench.invites.mail_sink``: a mail server that takes all."""

import sys
from typing import Any

from aiosmtpd.smtp import Envelope

from tests.relay import AnyPortController


class Sink:
    """Answers 250 to every mail, and counts them."""

    taken = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        self.taken += 1
        return "250 taken"


def main() -> None:
    """Serve on a free port of loopback until the input ends; print the port first and the count last."""
    sink = Sink()
    controller = AnyPortController(sink, hostname="127.0.0.1", port=0)
    controller.start()
    print(controller.port, flush=True)
    sys.stdin.read()
    controller.stop()
    print(sink.taken)


if __name__ == "__main__":
    main()
