"""The room in real browsers, through nginx, on two workers of which one dies in the middle of a ballot."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import text

from tests.browsers import PHONE, Conductor, open_room, vote
from tests.cluster import Cluster, running_cluster
from tests.postgres import PostgresServer

pytestmark = [pytest.mark.browser, pytest.mark.postgres]

RECOVER_WITHIN_MS = 5000
ENVELOPES = "SELECT count(*) FROM ballot_envelope"
BALLOTS = "SELECT count(*) FROM ballot WHERE ballot_round_id = :id"


@pytest.fixture
def cluster(
    tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer, published_postgres: str
) -> Iterator[Cluster]:
    directory = tmp_path_factory.mktemp("cluster")
    with running_cluster(directory, postgres, published_postgres, 1, 1, 1) as cluster:
        yield cluster


def test_the_worker_of_a_sitting_dies_in_mid_ballot(browser: Browser, cluster: Cluster) -> None:
    front = cluster.front
    conductor = Conductor(front)
    conductor.post(f"/defences/{front.defence_ids[0]}/ballot")
    ballot_round_id = conductor.snapshot()["shared"]["ballot"]["id"]
    expert = open_room(browser, front, "expert0", PHONE)
    secretary = open_room(browser, front, "secretary")
    expert.get_by_role("radio", name="通过").check()
    vote(front, "expert1", ballot_round_id)
    expect(expert.locator("#ballot-count")).to_contain_text("1 /")

    (victim,) = cluster.worker_of(f"/sittings/{front.sitting_id}")
    cluster.kill(victim)
    expert.get_by_role("button", name="提交表决票").click()
    expect(expert.locator("#receipt")).to_be_visible(timeout=RECOVER_WITHIN_MS)
    for page in (expert, secretary):
        expect(page.locator("#ballot-count")).to_contain_text("2 /", timeout=RECOVER_WITHIN_MS)
        expect(page.locator("#offline")).to_be_hidden()
    with cluster.scene.engine.connect() as connection:
        assert connection.execute(text(ENVELOPES)).scalar_one() == 2

    for name in ("expert2", "expert3", "expert4"):
        vote(front, name, ballot_round_id)
    expect(secretary.locator("#ballot-count")).to_contain_text("5 /")
    secretary.get_by_role("button", name="结束表决").click()
    expect(expert.locator("#receipt")).to_be_hidden()
    with cluster.scene.engine.connect() as connection:
        assert connection.execute(text(BALLOTS), {"id": ballot_round_id}).scalar_one() == 5
