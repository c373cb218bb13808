"""An archive is read back whole, opens with its passphrase only, and tells of every change."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import sessionmaker

from defense.domain.errors import InvalidInput
from defense.extensions import db
from defense.models import Application, Round
from defense.services.keeping.archive_cipher import MARK, decrypt_archive, encrypt_archive
from defense.services.keeping.archive_reading import open_archive
from defense.services.keeping.archive_writing import write_archive

PASSPHRASE = "正确的口令 correct horse"


@pytest.fixture
def archive(published_app: Flask) -> bytes:
    with published_app.app_context(), sessionmaker(db.engine)() as session:
        return write_archive(session, session.scalars(select(Round)).one(), "00" * 32)


def changed(archive: bytes, name: str, content: bytes | None) -> bytes:
    """The archive with another content of one part, or without it."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(out, "w") as new:
        for part in old.namelist():
            if part != name:
                new.writestr(part, old.read(part))
            elif content is not None:
                new.writestr(part, content)
    return out.getvalue()


def test_an_archive_holds_every_record_whole(published_app: Flask, archive: bytes) -> None:
    opened = open_archive(archive)
    with published_app.app_context():
        records = {a.number: a.record_json for a in db.session.scalars(select(Application))}
    kept = [json.loads(line) for line in opened.files["records.jsonl"].splitlines()]
    assert opened.round_code == "2021" and opened.records == len(records) == 24
    assert {row["number"]: row["record"] for row in kept} == records
    assert all(row["defences"] and row["conclusion"] == "pending" for row in kept if row["defences"])
    assert len([name for name in opened.files if name.startswith("minutes/")]) >= 2
    assert len([name for name in opened.files if name.startswith("uploads/")]) == 3
    assert b"audit-export" in opened.files["audit.jsonl"]


def test_a_passphrase_opens_its_archive_and_no_other(archive: bytes) -> None:
    data = encrypt_archive(archive, PASSPHRASE)
    assert data.startswith(MARK) and b"records.jsonl" not in data
    assert data != encrypt_archive(archive, PASSPHRASE), "a salt and a nonce of its own each time"
    assert open_archive(data, PASSPHRASE).records == 24
    for wrong in ("", PASSPHRASE[:-1], PASSPHRASE + " "):
        with pytest.raises(InvalidInput, match="口令"):
            open_archive(data, wrong)


@pytest.mark.parametrize("place", [0, 20, 40, 60, 5000, -1])
def test_a_changed_byte_of_an_encrypted_archive_is_noticed(archive: bytes, place: int) -> None:
    data = bytearray(encrypt_archive(archive, PASSPHRASE))
    data[place] ^= 1
    with pytest.raises(InvalidInput):
        open_archive(bytes(data), PASSPHRASE)
    with pytest.raises(InvalidInput):
        decrypt_archive(bytes(data[:-1]), PASSPHRASE)


def test_a_short_passphrase_is_refused(archive: bytes) -> None:
    with pytest.raises(InvalidInput, match="12"):
        encrypt_archive(archive, "elf letters")


@pytest.mark.parametrize("name", ["records.jsonl", "audit.jsonl", "results.xlsx", "manifest.json"])
@pytest.mark.parametrize("content", [None, b"", b"{}\n"])
def test_a_missing_or_changed_part_is_named(archive: bytes, name: str, content: bytes | None) -> None:
    with pytest.raises(InvalidInput, match=name):
        open_archive(changed(archive, name, content))


def test_what_is_no_archive_is_refused(archive: bytes) -> None:
    for data in (b"", b"PK", archive[:-100], changed(archive, "manifest.json", b"[]")):
        with pytest.raises(InvalidInput):
            open_archive(data)


def test_an_archive_with_a_part_too_many_is_refused(archive: bytes) -> None:
    stream = io.BytesIO(archive)
    with zipfile.ZipFile(stream, "a") as parts:
        parts.writestr("more.txt", "x")
    with pytest.raises(InvalidInput, match=r"more\.txt"):
        open_archive(stream.getvalue())
