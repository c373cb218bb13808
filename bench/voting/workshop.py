"""What the works share: seeded databases, the service on copies of them, and a crowd in its rooms."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.voting.crowd import Crowd, Place
from bench.voting.seeding import Seat, Shape, seed
from bench.voting.servers import Server, environment, free_port, service
from defense.settings import Settings

REPEATS = 3
SETTLE_S = 2.0
"""After everybody came in, the screens are told who is there; the load starts when that is over."""
DATABASE = "defence.sqlite3"


class LostBallotError(Exception):
    """A ballot was acknowledged and is not in the database."""


@dataclass
class Bench:
    """A folder, how much is measured, and the databases seeded so far."""

    folder: Path
    is_quick: bool = False
    _stock: dict[Shape, tuple[Path, list[Seat]]] = field(default_factory=dict)

    @property
    def repeats(self) -> int:
        """Return how often a measure is repeated."""
        return 1 if self.is_quick else REPEATS

    def directory(self) -> Path:
        """Return a new empty directory."""
        return Path(tempfile.mkdtemp(dir=self.folder))

    @contextmanager
    def serve(self, shape: Shape) -> Iterator[tuple[Server, list[Place]]]:
        """Yield the service on a fresh copy of a seeded SQLite database, and the places of its members."""
        with (
            self.seeded(shape) as (directory, seats),
            service(environment(directory, free_port())) as server,
        ):
            yield server, [seat.at(server.host) for seat in seats]

    @contextmanager
    def seeded(self, shape: Shape) -> Iterator[tuple[Path, list[Seat]]]:
        """Yield a directory with a fresh copy of a seeded SQLite database, and its members."""
        if shape not in self._stock:
            stock = self.directory()
            self._stock[shape] = stock, seed(Settings.from_env(environment(stock, 0)), shape)
        stock, seats = self._stock[shape]
        directory = self.directory()
        shutil.copy(stock / DATABASE, directory / DATABASE)
        try:
            yield directory, seats
        finally:
            shutil.rmtree(directory)


@contextmanager
def gathered(places: Sequence[Place], speaks_socketio: bool = True) -> Iterator[Crowd]:
    """Yield a crowd with everybody in their rooms."""
    crowd = Crowd(speaks_socketio)
    try:
        crowd.come_in(places)
        crowd.run(SETTLE_S)
        yield crowd
    finally:
        crowd.leave()


def require_stored(server: Server, expected: int) -> None:
    """Check that every acknowledged ballot is in the service's SQLite database, once.

    Raises
    ------
    LostBallotError
        There are more or fewer.
    """
    path = Path(server.environ["INSTANCE_DIR"]) / DATABASE
    database = sqlite3.connect(path)
    try:
        counts = [
            database.execute(query).fetchone()[0]
            for query in ("SELECT count(receipt) FROM voter", "SELECT count(*) FROM ballot_envelope")
        ]
    finally:
        database.close()
    if counts != [expected, expected]:
        raise LostBallotError(f"{expected} acknowledged; receipts and ballots stored: {counts}")
