"""Reading a round's archive back: that it is whole, and what is in it."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass

from defense.domain.errors import InvalidInput
from defense.domain.record_json import record_from_json
from defense.domain.text import Text
from defense.services.keeping.archive_cipher import decrypt_archive, is_encrypted

FORMAT, VERSION = "defence-round-archive", 1
MANIFEST = "manifest.json"
RECORDS, AUDIT = "records.jsonl", "audit.jsonl"


@dataclass(frozen=True)
class OpenedArchive:
    """An archive in which everything is as its manifest says."""

    round_code: str
    made_at: str
    records: int
    files: dict[str, bytes]
    """Path → content, the manifest included."""


def open_archive(data: bytes, passphrase: str = "") -> OpenedArchive:
    """Decrypt an archive, and check every digest, every record and the end of the audit log.

    Raises
    ------
    InvalidInput
        Naming what is missing or is not as the manifest says.
    """
    if is_encrypted(data):
        data = decrypt_archive(data, passphrase)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            files = {name: parts.read(name) for name in parts.namelist()}
        manifest = json.loads(files[MANIFEST])
        if manifest["format"] != FORMAT or manifest["version"] != VERSION:
            raise ValueError("format")
        stated = {name: str(part["sha256"]) for name, part in manifest["files"].items()}
        code, made_at, records = str(manifest["round"]), str(manifest["made_at"]), int(manifest["records"])
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError) as error:
        raise _broken("ZIP") from error
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise _broken(MANIFEST) from error
    if strays := stated.keys() ^ (files.keys() - {MANIFEST}):
        raise _broken(sorted(strays)[0])
    for name, digest in stated.items():
        if hashlib.sha256(files[name]).hexdigest() != digest:
            raise _broken(name)
    _check_records(files.get(RECORDS, b""), records)
    _check_audit(files.get(AUDIT, b""))
    return OpenedArchive(code, made_at, records, files)


def _check_records(lines: bytes, count: int) -> None:
    rows = lines.splitlines()
    if len(rows) != count:
        raise _broken(RECORDS)
    for number, row in enumerate(rows, start=1):
        try:
            record_from_json(json.loads(row)["record"])
        except (KeyError, ValueError, TypeError) as error:
            raise _broken(f"{RECORDS}:{number}") from error


def _check_audit(lines: bytes) -> None:
    try:
        if json.loads(lines.splitlines()[-1])["kind"] != "end":
            raise ValueError("end")
    except (IndexError, KeyError, ValueError, TypeError) as error:
        raise _broken(AUDIT) from error


def _broken(place: str) -> InvalidInput:
    return InvalidInput(
        Text(
            f"存档不完整或已被改动（{place}），请重新导出。",
            f"The archive is incomplete or was changed ({place}); export it again.",
        )
    )
