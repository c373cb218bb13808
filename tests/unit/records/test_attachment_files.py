"""Files of attachments: named by their digest, handed out only when they are what the record says."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest

from defense.domain.errors import IllegalState, NotFound
from defense.domain.record_parts import Attachment, ProofKind, Section
from defense.integrations.attachments import LocalFolder, checked_copy, content_type_of

SCAN = b"%PDF-1.4 a scan"
DIGEST = hashlib.sha256(SCAN).hexdigest()
MB = 1024**2


def attachment(sha256: str = DIGEST, size: int | None = len(SCAN)) -> Attachment:
    return Attachment(ProofKind.ID_SCAN, Section.IDENTITY, "scan.pdf", size, sha256)


@pytest.fixture
def folder(tmp_path: Path) -> LocalFolder:
    own = LocalFolder(tmp_path / "files")
    own.keep(io.BytesIO(SCAN), DIGEST)
    return own


def test_a_kept_file_comes_back_whole(folder: LocalFolder) -> None:
    assert folder.has(attachment())
    with checked_copy(attachment(), folder.chunks(attachment()), MB) as copy:
        assert copy.read() == SCAN
    assert [p.name for p in folder.directory.rglob("*") if p.is_file()] == [DIGEST]


def test_a_replaced_file_is_refused(folder: LocalFolder) -> None:
    (folder.directory / DIGEST[:2] / DIGEST).write_bytes(SCAN[:-1] + b"X")
    with pytest.raises(IllegalState, match="digest differs"):
        checked_copy(attachment(), folder.chunks(attachment()), MB)


def test_keeping_again_mends_a_damaged_file(folder: LocalFolder) -> None:
    (folder.directory / DIGEST[:2] / DIGEST).write_bytes(b"damaged")
    folder.keep(io.BytesIO(SCAN), DIGEST)
    assert b"".join(folder.chunks(attachment())) == SCAN


def test_a_file_of_another_size_or_too_large_is_refused(folder: LocalFolder) -> None:
    with pytest.raises(IllegalState, match="not the one in the record"):
        checked_copy(attachment(size=3), [SCAN], MB)
    with pytest.raises(IllegalState, match="larger than 1 MB"):
        checked_copy(attachment(size=None), [b"x" * MB, b"x"], MB)


@pytest.mark.parametrize("digest", ["", "../" * 21 + "x", "/etc/passwd", DIGEST.upper(), "a" * 63, "0" * 64])
def test_no_digest_leads_out_of_the_folder(folder: LocalFolder, digest: str) -> None:
    strange = attachment(digest)
    assert not folder.has(strange)
    with pytest.raises(NotFound):
        list(folder.chunks(strange))


def test_a_link_in_the_folder_is_not_followed(folder: LocalFolder, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    digest = hashlib.sha256(b"secret").hexdigest()
    (folder.directory / digest[:2]).mkdir(exist_ok=True)
    (folder.directory / digest[:2] / digest).symlink_to(secret)
    assert not folder.has(attachment(digest, None))
    with pytest.raises(NotFound):
        list(folder.chunks(attachment(digest, None)))


def test_only_scans_have_a_type() -> None:
    assert content_type_of("身份证.PDF", SCAN) == "application/pdf"
    assert content_type_of("photo.jpeg", b"\xff\xd8\xff\xe0") == "image/jpeg"
    assert content_type_of("page.html", b"<script>") == "application/octet-stream"
    assert content_type_of("really-html.pdf", b"<script>") == "application/octet-stream"
