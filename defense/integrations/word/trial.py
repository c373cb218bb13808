"""Trying an uploaded template in a process of its own: what it takes to read it is not known beforehand.

The library looks for its marks with expressions that go over the text again and again, and such a search
stops the whole of a served process, threads or not.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from defense.domain.errors import InvalidInput
from defense.domain.text import Text
from defense.integrations.word.guard import check_has_fields, check_template_file
from defense.integrations.word.rendering import render_document

_PROJECT_DIR = Path(__file__).resolve().parents[3]
LIMIT_S = 15
_REFUSED = 3
_TOO_SLOW = Text(
    f"模板未采用：试生成超过 {LIMIT_S} 秒，请精简模板中的表格和标记。",
    f"The template was not taken: making a document from it took more than {LIMIT_S} s; simplify its tables "
    "and marks.",
)


def try_template(template: bytes, content: Mapping[str, Any]) -> bytes:
    """Check a template and make a document from it.

    Raises
    ------
    InvalidInput
        The file is none that can be a template, names what is not there, or takes too long.
    """
    call = [sys.executable, "-m", "defense.integrations.word.trial"]
    size = len(template).to_bytes(8, "big")
    try:
        ended = subprocess.run(
            call,
            input=size + template + json.dumps(content).encode(),
            cwd=_PROJECT_DIR,
            stdout=subprocess.PIPE,
            timeout=LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise InvalidInput(_TOO_SLOW) from error
    if ended.returncode == _REFUSED:
        raise InvalidInput(Text.from_json(json.loads(ended.stdout)))
    if ended.returncode != 0:
        raise InvalidInput(_TOO_SLOW)
    return ended.stdout


def main() -> None:
    """Try what comes in: eight bytes of length, the template, the content as JSON."""
    given = sys.stdin.buffer.read()
    size = 8 + int.from_bytes(given[:8], "big")
    try:
        check_template_file(given[8:size])
        check_has_fields(given[8:size])
        document = render_document(given[8:size], json.loads(given[size:]))
    except InvalidInput as error:
        print(json.dumps(error.text.to_json()))
        sys.exit(_REFUSED)
    sys.stdout.buffer.write(document)


if __name__ == "__main__":
    main()
