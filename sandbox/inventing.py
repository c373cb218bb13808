"""Fills a platform with invented applications, and with files that are what their records say."""

from __future__ import annotations

import hashlib
import struct
import tempfile
import zlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from defense.domain.application import ApplicationRecord
from defense.domain.record_json import record_to_json
from defense.domain.record_parts import Attachment
from defense.domain.round_rules import RoundRules
from defense.integrations.sample_data import write_sample_data
from defense.integrations.workbooks import read_applications
from sandbox.store import Store

_PHOTO_SIZE = 295, 413
"""Pixels of a one-inch photo."""


def fill(store: Store, rules: RoundRules, applications: int, seed: int) -> int:
    """Put invented applications of a round into the store; returns how many a reader can read.

    The same arguments give the same records, so filling again changes nothing.
    """
    with tempfile.TemporaryDirectory() as directory:
        first_day = (rules.filing_closes_at + timedelta(days=45)).date()
        write_sample_data(Path(directory), applications, seed, first_day, rules)
        reading = read_applications((Path(directory) / "applications.xlsx").read_bytes(), rules)
    for row in reading.rows:
        hold(store, rules.code, record_to_json(_with_files(row.record)))
    return len(reading.rows)


def hold(store: Store, round_: str, record: dict[str, Any]) -> None:
    """Put an invented application and its files into the store."""
    for attachment in record["attachments"]:
        id_, name = attachment["upstream_id"], attachment["name"]
        store.put_attachment(id_, name, _file_of(id_, name))
    store.put(round_, record)


def _with_files(record: ApplicationRecord) -> ApplicationRecord:
    """The record whose attachments are small files of ours, since nobody has the invented scans."""
    stated = enumerate(record.attachments, 1)
    return replace(record, attachments=tuple(_ours(a, f"{record.number}-{place}") for place, a in stated))


def _ours(stated: Attachment, id_: str) -> Attachment:
    stem, _, suffix = stated.name.rpartition(".")
    name = f"{stem or stated.kind.value}.{'png' if suffix == 'jpg' else 'pdf'}"
    data = _file_of(id_, name)
    return replace(
        stated, name=name, size=len(data), sha256=hashlib.sha256(data).hexdigest(), upstream_id=id_
    )


def _file_of(id_: str, name: str) -> bytes:
    """An empty page or a grey photo, with the file's number where a reader does not look."""
    return _photo(id_) if name.endswith(".png") else _page(id_)


def _page(id_: str) -> bytes:
    head = f"%PDF-1.4\n% invented attachment {id_}\n".encode()
    return head + (
        b"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\n"
        b"trailer<</Root 1 0 R>>\n%%EOF\n"
    )


def _photo(id_: str) -> bytes:
    width, height = _PHOTO_SIZE
    rows = (b"\x00" + b"\xcc" * width) * height
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"tEXt", b"Comment\x00invented attachment " + id_.encode()),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
