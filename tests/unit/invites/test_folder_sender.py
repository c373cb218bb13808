"""Mail as files, where there is no mail server."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from defense.integrations.mail import FolderSender, Letter, build_message
from defense.integrations.smtp_answers import AnswerKind


def test_one_file_per_message_named_by_its_id(letter: Letter, tmp_path: Path) -> None:
    sender = FolderSender(tmp_path / "instance" / "outbox")
    data = build_message(letter)
    assert sender.send("ali@example.org", data).kind is AnswerKind.SENT
    assert sender.send("ali@example.org", data).kind is AnswerKind.SENT
    other = build_message(replace(letter, message_id="<other@example.com>"))
    sender.send("ali@example.org", other)
    sender.close()
    files = {path.name: path.read_bytes() for path in (tmp_path / "instance" / "outbox").iterdir()}
    assert files == {
        "fedcba9876543210@example_com.eml": data,
        "other@example_com.eml": other,
    }


def test_files_are_for_the_owner_only(letter: Letter, tmp_path: Path) -> None:
    FolderSender(tmp_path / "outbox").send("ali@example.org", build_message(letter))
    (file,) = (tmp_path / "outbox").iterdir()
    assert file.stat().st_mode & 0o077 == 0


def test_an_id_cannot_leave_the_folder(letter: Letter, tmp_path: Path) -> None:
    data = build_message(replace(letter, message_id="<../../x/y@example.com>"))
    assert FolderSender(tmp_path / "a" / "b").send("ali@example.org", data).kind is AnswerKind.SENT
    assert [path.relative_to(tmp_path).parent for path in tmp_path.rglob("*.eml")] == [Path("a/b")]


def test_a_folder_that_cannot_be_made_is_for_later(letter: Letter, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    answer = FolderSender(tmp_path / "file" / "outbox").send("ali@example.org", build_message(letter))
    assert (answer.kind, answer.unreachable) == (AnswerKind.LATER, True)
    assert answer.words
