"""Put the figures of a bench into the documents that quote them: ``python -m bench.report scheduler``."""

import argparse
import re
from pathlib import Path

from bench.figures import read_figures, to_markdown

PROJECT_DIR = Path(__file__).resolve().parents[1]
OUT_DIR = PROJECT_DIR / "bench" / "out"
DOCUMENT = PROJECT_DIR / "docs" / "performance.md"


def fill(text: str, name: str, table: str) -> str:
    """Return `text` with `table` between the marks of the bench `name`.

    Raises
    ------
    ValueError
        The document has no such marks.
    """
    begin, end = f"<!-- figures: {name} -->", f"<!-- end: {name} -->"
    pattern = re.compile(re.escape(begin) + r".*?" + re.escape(end), re.DOTALL)
    filled, count = pattern.subn(lambda _: f"{begin}\n\n{table}\n\n{end}", text)
    if not count:
        raise ValueError(f"the document has no line {begin!r} followed by {end!r}")
    return filled


def main() -> None:
    """Fill the table of one bench from its JSON file."""
    parser = argparse.ArgumentParser(prog="python -m bench.report", description=__doc__)
    parser.add_argument("name", help="the bench: bench/out/NAME.json")
    name = parser.parse_args().name
    table = to_markdown(read_figures(OUT_DIR / f"{name}.json"))
    DOCUMENT.write_text(fill(DOCUMENT.read_text(encoding="utf-8"), name, table), encoding="utf-8")


if __name__ == "__main__":
    main()
