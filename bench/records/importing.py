"""One import in a process of its own, so that its memory is its own: prints a JSON object of figures."""

import json
import resource
import sys
import time
from pathlib import Path

from sqlalchemy import event, select
from sqlalchemy.orm import Session, sessionmaker

from defense.app import create_app
from defense.extensions import db
from defense.migrating import ensure_database
from defense.models import ImportBatch, Round
from defense.services.imports.importing import apply_import_briefly, preview_import, reader_of
from defense.services.imports.running import MARKED, workbook_of
from defense.services.rounds import ensure_round
from defense.services.transaction import begin_write


def main() -> None:
    """Preview and `apply`, or preview and `mark`, the workbook named; settings are the environment's.

    The marked copy is made as the service has it made, by a process of its own, and measured there.
    """
    data = Path(sys.argv[1]).read_bytes()
    figures: dict[str, float] = {}
    app = create_app()
    with app.app_context():
        ensure_database()
        with sessionmaker(db.engine)() as session:
            begin_write(session)
            ensure_round(session, "2021")
            session.commit()
            round_ = session.scalars(select(Round)).one()
            started = time.perf_counter()
            reading = reader_of(session, round_, "applications")(data)
            begin_write(session)
            batch = preview_import(session, round_, "applications", "bench.xlsx", data, None, reading)
            session.commit()
            batch_id = batch.id
            figures["preview, s"] = time.perf_counter() - started
            figures |= _applied(session, batch_id) if sys.argv[2] == "apply" else _marked(session, batch_id)
    print(json.dumps(figures))


def _applied(session: Session, batch_id: int) -> dict[str, float]:
    locked: list[float] = []
    event.listen(db.engine, "begin", lambda _connection: locked.append(time.perf_counter()))
    started = time.perf_counter()
    counts = apply_import_briefly(session, batch_id, None)
    session.commit()
    ended = time.perf_counter()
    return {
        "apply, s": ended - started,
        "lock held, s": ended - locked[-1],
        "rows written": counts.to_write,
        "peak, MB": _peak_mb(),
    }


def _marked(session: Session, batch_id: int) -> dict[str, float]:
    started = time.perf_counter()
    workbook_of(session, session.get_one(ImportBatch, batch_id), MARKED, "", {})
    took_s = time.perf_counter() - started
    return {"marked copy, s": took_s, "marked copy, MB": _peak_mb(resource.RUSAGE_CHILDREN)}


def _peak_mb(whose: int = resource.RUSAGE_SELF) -> float:
    return resource.getrusage(whose).ru_maxrss / 1024


if __name__ == "__main__":
    main()
