"""The change feed loses nobody, whatever changes while somebody reads it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.api import Platform
from sandbox.keys import Client, Clock, Keys
from sandbox.serving import create_platform
from sandbox.store import Store

NUMBERS = st.sampled_from([f"N{n}" for n in range(6)])
CHANGES = st.lists(st.tuples(NUMBERS, st.integers(0, 3)), max_size=6)


def page(client: FlaskClient, token: str, cursor: str, limit: int) -> Any:
    answer = client.get(
        "/api/v1/rounds/R/applications",
        query_string={"cursor": cursor, "limit": limit},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 200
    return answer.get_json()


@settings(max_examples=40, deadline=None, derandomize=True)
@given(rounds=st.lists(st.tuples(CHANGES, st.integers(1, 4)), min_size=1, max_size=6))
def test_who_reads_to_the_end_has_everything(rounds: list[tuple[list[tuple[str, int]], int]]) -> None:
    with TemporaryDirectory() as directory:
        store = Store(Path(directory) / "p.sqlite3")
        platform = Platform(store, Keys(Client("c", "s"), Clock()), "oauth2")
        client, token = create_platform(platform).test_client(), platform.keys.new_token()
        here: dict[str, Any] = {}
        cursor = ""
        for changes, limit in rounds:
            for number, value in changes:
                store.put("R", {"number": number, "value": value})
            told = page(client, token, cursor, limit)
            here |= {item["record"]["number"]: item for item in told["items"]}
            cursor = told["next_cursor"]
        while (told := page(client, token, cursor, 3))["items"]:
            here |= {item["record"]["number"]: item for item in told["items"]}
            cursor = told["next_cursor"]
        assert told["next_cursor"] == cursor
        there = {item.number: item.to_json() for item in store.changed_since("R", 0, 100)}
        assert here == there
