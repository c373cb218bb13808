"""The files of attachments as the platform gives them out."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass

from defense.domain.errors import IllegalState, NotFound
from defense.domain.record_parts import Attachment
from defense.domain.text import Text
from defense.integrations.attachments import CHUNK_BYTES, KEPT_IN_MEMORY_BYTES, missing_file, too_large
from defense.integrations.upstream.client import Timing, UpstreamClient
from defense.integrations.upstream.failures import FailureKind, UpstreamFailure

SOMEBODY_WAITS = Timing(read_s=15.0, patience_s=8.0, attempts=2)
"""A reader looks at an empty window meanwhile."""

_NOT_FETCHED = Text(
    "未能从管理平台取得该附件，请稍后再试，或在管理平台上查看。原因：{why}",
    "The file could not be fetched from the platform; try again later, or look at it there. Reason: {why}",
)


@dataclass(frozen=True)
class PlatformFiles:
    """An `AttachmentSource`: asks the platform for each file anew, so nothing is kept here."""

    client: UpstreamClient
    most_bytes: int
    """Of one file."""

    def has(self, attachment: Attachment) -> bool:
        """Whether the platform named the file."""
        return bool(attachment.upstream_id)

    def chunks(self, attachment: Attachment) -> Iterator[bytes]:
        """See `AttachmentSource`."""
        with tempfile.SpooledTemporaryFile(KEPT_IN_MEMORY_BYTES) as file:
            try:
                self.client.attachment(attachment.upstream_id, file, self.most_bytes)
            except UpstreamFailure as failure:
                raise self._said_of(failure) from failure
            file.seek(0)
            yield from iter(lambda: file.read(CHUNK_BYTES), b"")

    def _said_of(self, failure: UpstreamFailure) -> NotFound | IllegalState:
        if failure.kind is FailureKind.ABSENT:
            return missing_file()
        if failure.kind is FailureKind.TOO_LARGE:
            return too_large(self.most_bytes)
        words = failure.words
        return IllegalState(Text(_NOT_FETCHED.zh.format(why=words.zh), _NOT_FETCHED.en.format(why=words.en)))
