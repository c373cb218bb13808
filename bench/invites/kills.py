"""`flask send-outbox` is killed with kill -9 again and again in the middle of its work."""

from bench.figures import Figure, Target, of_runs
from bench.invites.workshop import Bench
from defense.settings import Settings
from tests.outbox_kills import CONNECTIONS, KilledSending, make_office

KILLS, QUICK_KILLS, SEED = 100, 10, 11
LETTERS_PER_KILL = 20
"""More than one sender gets done before it dies."""


def measure_kills(bench: Bench) -> list[Figure]:
    """What was lost, and what came twice behind a relay that drops a repeated Message-ID."""
    kills = QUICK_KILLS if bench.is_quick else KILLS
    directory = bench.folder / "kills"
    url = f"sqlite:///{directory / 'defence.sqlite3'}"
    app = make_office(
        Settings.from_env({"INSTANCE_DIR": str(directory), "DATABASE_URL": url, "SECRET_KEY": "test"})
    )
    sending = KilledSending(app, directory, url, SEED)
    sending.queue(LETTERS_PER_KILL * kills)
    sending.run(kills)
    work = f"kill -9 during sending: {kills} kills, SQLite"
    most = max(sending.repeats)
    return [
        Figure(work, "mails", len(sending.queued())),
        of_runs(work, "lost", [float(len(sending.lost()))], Target("=", 0)),
        of_runs(work, "twice behind the relay", [float(len(sending.seen_twice()))], Target("=", 0)),
        of_runs(work, "sent again after one kill, most", [float(most)], Target("≤", CONNECTIONS)),
    ]


WORKS = {"kills": measure_kills}
