"""The files of attachments as the platform gives them out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from defense.domain.errors import IllegalState
from defense.domain.record_parts import Attachment
from defense.domain.text import Text
from defense.integrations.attachments import missing_file
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

    def has(self, attachment: Attachment) -> bool:
        """Whether the platform named the file."""
        return bool(attachment.upstream_id)

    def chunks(self, attachment: Attachment) -> Iterator[bytes]:
        """See `AttachmentSource`."""
        try:
            yield self.client.attachment(attachment.upstream_id)
        except UpstreamFailure as failure:
            if failure.kind is FailureKind.ABSENT:
                raise missing_file() from failure
            words = failure.words
            raise IllegalState(
                Text(_NOT_FETCHED.zh.format(why=words.zh), _NOT_FETCHED.en.format(why=words.en))
            ) from failure
