"""Where the files of attachments come from, and a copy of one that is what its record says."""

from __future__ import annotations

import hashlib
import re
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from defense.domain.errors import IllegalState, NotFound
from defense.domain.record_parts import Attachment
from defense.domain.text import Text

CHUNK_BYTES = 256 * 1024
KEPT_IN_MEMORY_BYTES = 1024 * 1024
LONGEST_BEGINNING = 8
"""Bytes by which a scan is told."""

_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
# Scans, as the notice wants them (三(二)): everything else is no proof that a reviewer can read.
_BEGINNINGS = {
    ".pdf": (b"%PDF-", "application/pdf"),
    ".jpg": (b"\xff\xd8\xff", "image/jpeg"),
    ".jpeg": (b"\xff\xd8\xff", "image/jpeg"),
    ".png": (b"\x89PNG\r\n\x1a\n", "image/png"),
}
UNKNOWN_TYPE = "application/octet-stream"

_WRONG_DIGEST = Text(
    "该附件与申报材料中登记的摘要不一致（文件可能已被替换或损坏），未提供下载：请从管理平台重新导入该附件后再查看。",
    "This file is not the one in the record: its digest differs, so it was replaced or damaged. It is not "
    "handed out. Import it again from the platform, then look again.",
)
_TOO_LARGE = Text(
    "该附件超过{limit} MB，未提供下载：请在管理平台上查看。",
    "This file is larger than {limit} MB and is not handed out here: look at it on the platform.",
)


class AttachmentSource(Protocol):
    """Somewhere that has the files of attachments. It may wait on the network: no transaction is open."""

    def has(self, attachment: Attachment) -> bool:
        """Whether it is worth asking, judged by the record alone or by a look at the disk."""
        ...

    def chunks(self, attachment: Attachment) -> Iterator[bytes]:
        """The file's bytes in pieces; nothing is checked yet.

        Raises
        ------
        NotFound
            It is not there (any more); the text says the way out.
        IllegalState
            The source cannot be reached now.
        """
        ...


@dataclass(frozen=True)
class LocalFolder:
    """Files that the centre imported, each named by its own digest, under a folder of two digits."""

    directory: Path

    def has(self, attachment: Attachment) -> bool:
        """See `AttachmentSource`."""
        path = self._path(attachment.sha256)
        return path is not None and path.is_file() and not path.is_symlink()

    def chunks(self, attachment: Attachment) -> Iterator[bytes]:
        """See `AttachmentSource`."""
        path = self._path(attachment.sha256)
        try:
            if path is None or path.is_symlink():
                raise missing_file()
            with path.open("rb") as file:
                yield from iter(lambda: file.read(CHUNK_BYTES), b"")
        except OSError as error:
            raise missing_file() from error

    def keep(self, source: IO[bytes], sha256: str) -> None:
        """Take a file in under its digest; one that is there already stays.

        It is written under another name first, so that a half-written file is never found.
        """
        path = self._path(sha256)
        if path is None:
            raise ValueError("not a SHA-256 digest")
        if path.is_file() and _digest_of(path) == sha256:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".incoming-", delete=False) as draft:
            written = Path(draft.name)
            try:
                for piece in iter(lambda: source.read(CHUNK_BYTES), b""):
                    draft.write(piece)
                draft.close()
                written.replace(path)
            finally:
                written.unlink(missing_ok=True)

    def remove(self, sha256: str) -> None:
        """Delete a file; one that is not there is no fault."""
        path = self._path(sha256)
        if path is not None:
            path.unlink(missing_ok=True)

    def digests(self, older_than_s: float) -> Iterator[str]:
        """The digests of the files that were taken in longer ago than so many seconds."""
        latest = time.time() - older_than_s
        for path in sorted(self.directory.glob("??/*")):
            if _DIGEST.fullmatch(path.name) and path.stat().st_mtime < latest:
                yield path.name

    def _path(self, sha256: str) -> Path | None:
        # Nothing but 64 hexadecimal digits ever becomes part of a path, so none leads out of the folder.
        return self.directory / sha256[:2] / sha256 if _DIGEST.fullmatch(sha256) else None


def checked_copy(attachment: Attachment, chunks: Iterable[bytes], limit_bytes: int) -> IO[bytes]:
    """A copy of the file at its beginning, whole, and with the digest that the record gives.

    The caller closes it. A record without a digest leaves the content unchecked but for its size.

    Raises
    ------
    IllegalState
        Another digest or size than the record's, or more than `limit_bytes`.
    """
    copy: IO[bytes] = tempfile.SpooledTemporaryFile(KEPT_IN_MEMORY_BYTES)  # noqa: SIM115 - the caller's
    digest, size = hashlib.sha256(), 0
    try:
        for piece in chunks:
            size += len(piece)
            if size > limit_bytes:
                raise too_large(limit_bytes)
            digest.update(piece)
            copy.write(piece)
        if attachment.sha256 not in ("", digest.hexdigest()) or attachment.size not in (None, size):
            raise IllegalState(_WRONG_DIGEST)
    except BaseException:
        copy.close()
        raise
    copy.seek(0)
    return copy


def content_type_of(name: str, beginning: bytes) -> str:
    """The type of a scan by its name and first bytes together; a bare stream of bytes for all else."""
    expected, content_type = _BEGINNINGS.get(Path(name).suffix.lower(), (b"", UNKNOWN_TYPE))
    return content_type if expected and beginning.startswith(expected) else UNKNOWN_TYPE


def missing_file() -> NotFound:
    """The file is nowhere to be had."""
    return NotFound(
        Text(
            "该附件的文件不在本系统的附件文件夹中，也未能从管理平台取得：请在管理平台上查看，或请管理员导入附件。",
            "The file is neither in the attachments folder of this service nor to be had from the platform: "
            "look at it on the platform, or ask the administrator to import the attachments.",
        )
    )


def too_large(limit_bytes: int) -> IllegalState:
    """The file is longer than this installation hands out."""
    return IllegalState(_TOO_LARGE.format(limit=limit_bytes // 1024**2))


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
