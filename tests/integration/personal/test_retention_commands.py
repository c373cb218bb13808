"""`flask retention`: what is due, an archive written, opened and refused, a deletion gone on with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import Result
from flask import Flask
from sqlalchemy.orm import sessionmaker

from defense.extensions import db
from defense.services.access import Role, create_account
from tests.finished_round import end_round

PASSPHRASE = "correct horse battery staple"


def test_the_commands(published_app: Flask, tmp_path: Path) -> None:
    with published_app.app_context(), sessionmaker(db.engine)() as session:
        create_account(session, Role.STAFF, "王工", "staff", None)
        session.commit()

    def run(**how: Any) -> Result:
        with published_app.app_context():
            return published_app.test_cli_runner().invoke(**how)

    assert "2021  —  kept" in run(args=["retention"]).output
    with published_app.app_context(), sessionmaker(db.engine)() as session:
        end_round(session)
    told = run(args=["retention"]).output
    assert "2021  2024-12-20  due" in told and "archives: 0" in told
    file, folder = tmp_path / "round.archive", tmp_path / "opened"
    args = ["retention", "export", "2021", str(file), "--by", "staff", "--reason", "到期", "--encrypt"]
    made = run(args=args, input=f"{PASSPHRASE}\n{PASSPHRASE}\n")
    assert made.exit_code == 0, made.output
    assert "archives: 1" in run(args=["retention"]).output
    refused = run(args=["retention", "open", str(file), str(folder)], input="wrong\n")
    assert refused.exit_code == 1 and "口令" in refused.output and not folder.exists()
    opened = run(args=["retention", "open", str(file), str(folder)], input=f"{PASSPHRASE}\n")
    assert opened.exit_code == 0 and "records: 24" in opened.output
    manifest = json.loads((folder / "manifest.json").read_text())
    assert {*manifest["files"]} == {
        path.relative_to(folder).as_posix() for path in folder.rglob("*.*") if path.name != "manifest.json"
    }
    assert "无待办" in run(args=["retention", "finish"]).output


def test_who_may_not_see_personal_data_writes_no_archive(published_app: Flask, tmp_path: Path) -> None:
    with published_app.app_context(), sessionmaker(db.engine)() as session:
        create_account(session, Role.STAFF, "王工", "staff", None, may_see_personal=False)
        session.commit()
    file = tmp_path / "round.zip"
    for name in ("staff", "nobody"):
        args = ["retention", "export", "2021", str(file), "--by", name, "--reason", "到期"]
        with published_app.app_context():
            assert published_app.test_cli_runner().invoke(args=args).exit_code == 1
    assert not file.exists()
