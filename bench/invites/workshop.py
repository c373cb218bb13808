"""What the works share."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Bench:
    """A folder for what comes and goes, and how much is measured."""

    folder: Path
    is_quick: bool = False
