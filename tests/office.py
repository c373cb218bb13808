"""LibreOffice, which centres open the documents and workbooks of this service with, or one of its kin."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

LIMIT_S = 150


def convert(target: str, files: Iterable[Path], folder: Path) -> None:
    """Open files and save them in a folder in another format, such as ``pdf``."""
    profile = folder / "office-profile"
    subprocess.run(
        [
            *("soffice", "--headless", f"-env:UserInstallation={profile.absolute().as_uri()}"),
            *("--convert-to", target, "--outdir", str(folder), *map(str, files)),
        ],
        check=True,
        capture_output=True,
        timeout=LIMIT_S,
    )


def pages_of(pdf: Path) -> list[str]:
    """The text of each page."""
    done = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], check=True, capture_output=True, text=True)
    return done.stdout.split("\f")[:-1]
