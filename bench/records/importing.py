"""One import in a process of its own, so that its memory is its own: prints a JSON object of figures."""

import json
import resource
import sys
import time
from pathlib import Path

from sqlalchemy import event, select
from sqlalchemy.orm import sessionmaker

from defense.app import create_app
from defense.extensions import db
from defense.migrating import ensure_database
from defense.models import ImportBatch, Round
from defense.services.imports import apply_import_briefly, marked_copy, preview_import, reader_of
from defense.services.rounds import ensure_round
from defense.services.transaction import begin_write


def main() -> None:
    """Preview, apply and mark the workbook that the command line names; settings are the environment's."""
    data = Path(sys.argv[1]).read_bytes()
    figures: dict[str, float] = {}
    app = create_app()
    with app.app_context():
        ensure_database()
        with sessionmaker(db.engine)() as session:
            begin_write(session)
            ensure_round(session, "2021")
            session.commit()
            figures["memory before, MB"] = _peak_mb()
            round_ = session.scalars(select(Round)).one()
            started = time.perf_counter()
            reading = reader_of(session, round_, "applications")(data)
            begin_write(session)
            batch = preview_import(session, round_, "applications", "bench.xlsx", data, None, reading)
            session.commit()
            batch_id = batch.id
            figures["preview, s"] = time.perf_counter() - started
            started = time.perf_counter()
            locked: list[float] = []
            event.listen(db.engine, "begin", lambda _connection: locked.append(time.perf_counter()))
            counts = apply_import_briefly(session, batch_id, None)
            session.commit()
            figures["apply, s"] = time.perf_counter() - started
            figures["lock held, s"] = time.perf_counter() - locked[-1]
            figures["rows written"] = counts.to_write
            figures["preview and apply, MB"] = _peak_mb()
            if "mark" in sys.argv:
                started = time.perf_counter()
                marked_copy(session, session.get_one(ImportBatch, batch_id))
                figures["marked copy, s"] = time.perf_counter() - started
                figures["with a marked copy, MB"] = _peak_mb()
    print(json.dumps(figures))


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
