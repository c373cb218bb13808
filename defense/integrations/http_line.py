"""One HTTP request to another system, and what can be said of it when no answer came.

Neither an exception nor a log line that comes out of here holds an address, a header or a body, for these
carry keys and people's data.
"""

from __future__ import annotations

import logging
from contextvars import ContextVar

SHORT_READ = 1 << 14

_quiet: ContextVar[bool] = ContextVar("calling another system", default=False)


class _Discreet(logging.Filter):
    """Drops what the HTTP library tells of our calls: whole addresses, which hold checksums and tokens."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not _quiet.get()


for _name in ("connection", "connectionpool", "poolmanager", "response", "util.retry"):
    logging.getLogger(f"urllib3.{_name}").addFilter(_Discreet())
