"""Takes a folder tree 申报编号/材料名称.pdf into the attachments folder, file by file."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from defense.domain.record_parts import ProofKind
from defense.domain.text import Text
from defense.integrations.attachments import (
    LONGEST_BEGINNING,
    UNKNOWN_TYPE,
    LocalFolder,
    content_type_of,
)
from defense.integrations.workbooks.proof_words import find_proof_kind

LONGEST_NAME = 200

_LEFT_BY_COMPUTERS = {"thumbs.db", "desktop.ini"}
"""Not worth a word; nor is what begins with a dot or with ~$."""

_UNKNOWN_NUMBER = Text(
    "本批次没有这个申报编号：请核对文件夹名称", "the round has no such number: check the folder's name"
)
_WRONG_PLACE = Text(
    "位置不对：应放在“申报编号/材料名称.pdf”这样的一层文件夹中",
    "not in its place: files stand as 申报编号/材料名称.pdf, one folder deep",
)
_UNSUITABLE = Text(
    "格式不对或内容与扩展名不符：只收 PDF、JPG、PNG 扫描件",
    "not a PDF, JPG or PNG scan, or not what its name says",
)
_EMPTY = Text("空文件：请重新扫描", "an empty file: scan it again")
_TOO_LARGE = Text(
    "超过{limit} MB：请压缩后再导入", "larger than {limit} MB: make it smaller and import it again"
)
_UNREADABLE = Text("无法读取：请检查文件权限", "it cannot be read: check the permissions of the file")
_LONG_NAME = Text(
    f"文件名超过{LONGEST_NAME}字：请改短", f"its name is longer than {LONGEST_NAME} characters: shorten it"
)


@dataclass(frozen=True)
class FoundFile:
    """A file that now lies in the attachments folder."""

    path: str
    """Below the folder that was imported."""
    number: str
    """申报编号"""
    kind: ProofKind
    """Other proof, where the name says nothing that is known."""
    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class RefusedFile:
    """A file or folder that was left where it is, and why."""

    path: str
    text: Text


def take_files(
    folder: Path, numbers: Collection[str], store: LocalFolder, limit_bytes: int
) -> Iterator[FoundFile | RefusedFile]:
    """Take every suitable file into the store, in the order of their names; the others are named.

    No link is followed, so nothing from outside the folder comes in.
    """
    for entry in _listed(folder):
        path = entry.name
        if entry.is_symlink() or not entry.is_dir():
            yield RefusedFile(path, _WRONG_PLACE)
        elif (number := "".join(unicodedata.normalize("NFKC", path).split())) not in numbers:
            yield RefusedFile(path, _UNKNOWN_NUMBER)
        else:
            for file in _listed(entry):
                yield _take(file, f"{path}/{file.name}", number, store, limit_bytes)


def _listed(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.iterdir()
        if not path.name.startswith((".", "~$")) and path.name.lower() not in _LEFT_BY_COMPUTERS
    )


def _take(file: Path, path: str, number: str, store: LocalFolder, limit: int) -> FoundFile | RefusedFile:
    try:
        fault = _fault_of(file, limit)
        if fault:
            return RefusedFile(path, fault)
        with file.open("rb") as source:
            digest = hashlib.file_digest(source, "sha256").hexdigest()
            size = source.tell()
            source.seek(0)
            store.keep(source, digest)
    except PermissionError:
        return RefusedFile(path, _UNREADABLE)
    name = unicodedata.normalize("NFC", file.name)
    kind = find_proof_kind(Path(name).stem) or ProofKind.OTHER
    return FoundFile(path, number, kind, name, size, digest)


def _fault_of(file: Path, limit: int) -> Text | None:
    """Why a file is not taken; None when it is."""
    if file.is_symlink() or not file.is_file():
        return _WRONG_PLACE
    if len(file.name) > LONGEST_NAME:
        return _LONG_NAME
    size = file.stat().st_size
    if size == 0:
        return _EMPTY
    if size > limit:
        return _TOO_LARGE.format(limit=limit // 1024**2)
    with file.open("rb") as source:
        content_type = content_type_of(file.name, source.read(LONGEST_BEGINNING))
    return _UNSUITABLE if content_type == UNKNOWN_TYPE else None
