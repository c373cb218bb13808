import time
from pathlib import Path

from tests.upstream_runs import run_all
from tests.upstream_world import make_template


def test_runs(tmp_path: Path) -> None:
    t = make_template(tmp_path)
    a = time.time()
    run_all(range(20), tmp_path, t)
    print(time.time() - a)
