"""The room on two workers behind nginx: right even when the members of a panel are on different ones."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import requests
from sqlalchemy import text

from tests.cluster import Cluster, running_cluster
from tests.frames import BROKEN, Line, Refused, ask, join, post
from tests.kills import KilledRounds
from tests.loops import run_async
from tests.many_sittings import Browser
from tests.postgres import PostgresServer
from tests.rooms import ballot
from tests.voters import Voter

pytestmark = pytest.mark.postgres

SITTINGS, DEFENCES, PANELS = 6, 30, 2
MEMBERS, SECRETARY, STAFF = range(5), 5, 6
RIGHT_WITHIN_S = 2.0
KILLS, MOST_KILLS, RACES = 3, 8, 25


@pytest.fixture(scope="module")
def cluster(
    tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer, published_postgres: str
) -> Iterator[Cluster]:
    directory = tmp_path_factory.mktemp("cluster")
    with running_cluster(directory, postgres, published_postgres, SITTINGS, DEFENCES, PANELS) as cluster:
        yield cluster


class Day:
    """One sitting of the cluster: its members on the workers in turn, and who conducts it."""

    def __init__(self, cluster: Cluster, number: int) -> None:
        self.cluster = cluster
        self.sitting_id, self._defences = cluster.scene.sittings[number]
        self.panel = cluster.scene.panels[0]
        self._next = 0

    def worker_url(self, member: int) -> str:
        """The worker on which a member is."""
        return self.cluster.workers[member % 2].url

    async def open(self, worker: int = 0) -> str:
        """Open the next defence's ballot; its id."""
        await self.click(f"/defences/{self._defences[self._next]}/ballot", worker)
        self._next += 1
        ((ballot_round_id,),) = self.rows(
            "SELECT id FROM ballot_round WHERE defence_id = :id", id=self._defences[self._next - 1]
        )
        return str(ballot_round_id)

    async def click(self, path: str, worker: int = 0, who: int = STAFF) -> None:
        """A form sent by a member of the panel's crowd through one worker."""
        url = self.cluster.workers[worker].url
        status, _, body = await post(url, path, self.panel[who].headers)
        assert status == 302, (path, status, body[-300:])

    async def vote(self, member: int, data: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """A ballot by plain POST to the member's worker; status and answer."""
        headers = {**self.panel[member].headers, "Content-Type": "application/json"}
        body = json.dumps(data).encode()
        path = f"/sittings/{self.sitting_id}/ballots"
        status, _, answer = await post(self.worker_url(member), path, headers, body)
        return status, json.loads(answer)

    def rows(self, sql: str, **values: object) -> list[Any]:
        """Rows of the database."""
        with self.cluster.scene.engine.connect() as connection:
            return list(connection.execute(text(sql), values))

    def close_path(self, ballot_round_id: str) -> str:
        """Where a ballot is closed."""
        return f"/ballot-rounds/{ballot_round_id}/close"


@asynccontextmanager
async def screens(day: Day) -> AsyncIterator[list[Voter]]:
    """The pages of all members and of the secretary, on the workers in turn."""
    voters = [
        Voter(day.worker_url(n), browser.cookie, browser.csrf_token, day.sitting_id, n)
        for n, browser in enumerate(day.panel[:6])
    ]
    try:
        await right(voters, lambda voter: voter.seq >= 0)
        yield voters
    finally:
        for voter in voters:
            await voter.close()


async def right(voters: list[Voter], shown: Callable[[Voter], bool], limit_s: float = RIGHT_WITHIN_S) -> None:
    """Wait until every screen shows something; within two seconds."""
    deadline = time.monotonic() + limit_s
    while not all(shown(voter) for voter in voters):
        assert time.monotonic() < deadline, [voter.shared.get("ballot") for voter in voters]
        await asyncio.sleep(0.01)


def voted(count: int) -> Callable[[Voter], bool]:
    """Whether a screen shows so many ballots."""
    return lambda voter: (voter.shared.get("ballot") or {}).get("voted") == count


async def right_again(day: Day, voters: list[Voter], spoil: Callable[[], None]) -> None:
    """A round of voting in the middle of which something is spoiled; every screen right within 2 s."""
    ballot_round_id = await day.open()
    await right(voters, voted(0))
    for member in MEMBERS[:2]:
        voters[member].vote(ballot(ballot_round_id))
    await right(voters, voted(2))
    spoil()
    for member in MEMBERS[2:]:
        voters[member].vote(ballot(ballot_round_id))
    await right(voters, voted(5))
    await day.click(day.close_path(ballot_round_id), worker=1)
    await right(voters, lambda voter: voter.shared["ballot"] is None)
    (closed,) = [d for d in voters[0].shared["defences"] if d["id"] == day._defences[day._next - 1]]
    assert closed["tally"]["cast"] == len(MEMBERS)
    assert all(voter.shared == voters[0].shared for voter in voters)


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run a test's coroutine."""
    run_async(work)


def test_members_on_different_workers_see_the_same(cluster: Cluster) -> None:
    async def work() -> None:
        day = Day(cluster, 0)
        async with screens(day) as voters:
            await right_again(day, voters, lambda: None)

    run(work())


def test_a_redis_that_dies_freezes_and_returns_costs_latency_only(cluster: Cluster) -> None:
    redis = cluster.redis

    def revive() -> None:
        redis.send(signal.SIGCONT)
        redis.kill()
        redis.start()

    async def work() -> None:
        day = Day(cluster, 4)
        async with screens(day) as voters:
            for spoil in (lambda: redis.send(signal.SIGSTOP), revive, redis.kill, redis.start):
                await right_again(day, voters, spoil)

    run(work())


def test_closing_on_one_worker_races_with_votes_on_the_other(cluster: Cluster) -> None:
    """Every acknowledged ballot is in the tally, every refused one is not."""
    chances = random.Random(4)

    async def work() -> None:
        day = Day(cluster, 1)
        late = 0
        for _ in range(RACES):
            ballot_round_id = await day.open()
            pauses = [chances.uniform(0, 0.06) for _ in range(6)]

            async def cast(member: int, round_id: str, pause: float) -> int:
                await asyncio.sleep(pause)
                status, answer = await day.vote(member, ballot(round_id))
                assert answer["ok"] is (status == 200), answer
                return status

            async def close(round_id: str, pause: float) -> None:
                await asyncio.sleep(pause)
                await day.click(day.close_path(round_id), worker=0)

            casting = [cast(member, ballot_round_id, pauses[member]) for member in MEMBERS]
            *statuses, _ = await asyncio.gather(*casting, close(ballot_round_id, pauses[5]))
            assert set(statuses) <= {200, 409}, statuses
            late += statuses.count(409)
            ((tally,),) = day.rows("SELECT tally FROM ballot_round WHERE id = :id", id=ballot_round_id)
            counted = day.rows("SELECT id FROM ballot WHERE ballot_round_id = :id", id=ballot_round_id)
            assert tally["cast"] == len(counted) == statuses.count(200)
        assert 0 < late < 5 * RACES  # both orders did happen

    run(work())


def test_the_same_ballot_sent_to_both_workers_counts_once(cluster: Cluster) -> None:
    async def work() -> None:
        day = Day(cluster, 2)
        ballot_round_id = await day.open()
        data, path = ballot(ballot_round_id), f"/sittings/{day.sitting_id}/ballots"
        headers = {**day.panel[0].headers, "Content-Type": "application/json"}
        body = json.dumps(data).encode()
        sent = [post(worker.url, path, headers, body) for worker in cluster.workers for _ in range(5)]
        answers = await asyncio.gather(*sent)
        assert {status for status, _, _ in answers} == {200}
        assert len({json.loads(answer)["receipt"] for _, _, answer in answers}) == 1
        envelopes = "SELECT count(*) FROM ballot_envelope WHERE ballot_round_id = :id"
        assert day.rows(envelopes, id=ballot_round_id) == [(1,)]

    run(work())


def test_presence_goes_over_both_workers(cluster: Cluster) -> None:
    async def console(line: Line, day: Day) -> dict[int, bool]:
        answer = await ask(line, "enter", {"sitting_id": day.sitting_id})
        members = answer["snapshot"]["console"]["members"]
        return {number: member["present"] for number, member in enumerate(members)}

    async def present(line: Line, day: Day, count: int, limit_s: float) -> None:
        deadline = time.monotonic() + limit_s
        while sum((await console(line, day)).values()) != count:
            assert time.monotonic() < deadline, await console(line, day)
            await asyncio.sleep(0.2)

    async def work() -> None:
        day = Day(cluster, 2)
        secretary, lines = day.panel[SECRETARY], []
        watch = await join(cluster.workers[1].url, secretary.cookie, secretary.csrf_token, day.sitting_id)
        await present(watch, day, 0, 10)
        for member in MEMBERS:
            browser = day.panel[member]
            line = await join(day.worker_url(member), browser.cookie, browser.csrf_token, day.sitting_id)
            assert (await ask(line, "enter", {"sitting_id": day.sitting_id}))["ok"]
            lines.append(line)
        await present(watch, day, 5, 3)
        for line in lines[:3]:
            line.cut()
        await present(watch, day, 2, 3)
        for line in (*lines[3:], watch):
            line.cut()

    run(work())


def test_signing_out_on_one_worker_cuts_the_sockets_on_the_other(cluster: Cluster) -> None:
    async def work() -> None:
        sitting_id = cluster.scene.sittings[2][0]
        leaver: Browser = cluster.scene.panels[1][0]
        line = await join(cluster.workers[1].url, leaver.cookie, leaver.csrf_token, sitting_id)
        assert (await ask(line, "enter", {"sitting_id": sitting_id}))["ok"]
        status, _, _ = await post(cluster.workers[0].url, "/logout", leaver.headers)
        assert status == 302
        await asyncio.wait_for(line.over(), 1.0)
        with pytest.raises(Refused):
            await join(cluster.workers[1].url, leaver.cookie, leaver.csrf_token, sitting_id)

    run(work())


def test_a_worker_killed_in_mid_vote_loses_nothing(cluster: Cluster) -> None:
    """nginx takes the panel to the other worker; sent again, a ballot has the same receipt."""
    sitting_id, defence_ids = cluster.scene.sittings[3]
    victim = route(cluster, sitting_id)

    def recover() -> None:
        # nginx alone: the worker is still dead when everybody sends again.
        assert requests.get(cluster.url + f"/sittings/{sitting_id}", timeout=5).ok

    rounds = KilledRounds(
        *(cluster.url, cluster.scene.engine, cluster.scene.panels[0]),
        *(lambda: cluster.kill(victim), recover, 11),
    )
    for number in range(MOST_KILLS):
        try:
            rounds.round(sitting_id, defence_ids[number], number)
        finally:
            cluster.start_again(victim)
        if number + 1 >= KILLS and rounds.cut_off:
            break
    assert rounds.cut_off > 0


def test_pages_and_sockets_of_a_sitting_go_to_one_worker(cluster: Cluster) -> None:
    seen = {settled_route(cluster, sitting_id) for sitting_id, _ in cluster.scene.sittings}
    assert seen == {0, 1}  # not all to the same one, either


def settled_route(cluster: Cluster, sitting_id: int) -> int:
    """Where a sitting goes when nginx trusts both workers again: a slow one is left out for a while."""
    give_up_at = time.monotonic() + 30
    while True:
        try:
            return route(cluster, sitting_id)
        except (ValueError, AssertionError):
            if time.monotonic() > give_up_at:
                raise
            time.sleep(1)


def route(cluster: Cluster, sitting_id: int) -> int:
    """The one worker to which a sitting's page and sockets go, whoever of its panel it is."""
    browsers = [cluster.scene.panels[0][number] for number in (MEMBERS[0], MEMBERS[1], SECRETARY)]

    async def work() -> None:
        for browser in browsers:
            line = await join(cluster.url, browser.cookie, browser.csrf_token, sitting_id)
            line.cut()
            page = await asyncio.to_thread(
                requests.get,
                f"{cluster.url}/sittings/{sitting_id}",
                headers={"Cookie": browser.cookie},
                timeout=10,
            )
            assert page.status_code == 200

    log = cluster.nginx.directory / "defence-access.log"
    log.write_text("")
    run(work())
    deadline = time.monotonic() + 5
    while cluster.access_log().count("/socket.io/") < len(browsers):
        assert time.monotonic() < deadline, cluster.access_log()
        time.sleep(0.05)
    (page,), (sockets,) = cluster.worker_of(f"/sittings/{sitting_id}"), cluster.worker_of("/socket.io/")
    assert page == sockets
    return page


def test_origin_and_forwarded_headers_behind_nginx(cluster: Cluster) -> None:
    browser = cluster.scene.panels[0][0]
    path = "/socket.io/?EIO=4&transport=websocket&sitting=1"

    async def welcome(headers: dict[str, str]) -> bool:
        try:
            line = await Line.open(cluster.url, {"Cookie": browser.cookie, **headers}, path)
            await line.receive()
            await line.send('40{"csrf_token":"' + browser.csrf_token + '"}')
            answer = await line.receive()
        except (Refused, *BROKEN):
            return False
        line.cut()
        return answer.startswith("40")

    async def work() -> None:
        assert await welcome({"Origin": cluster.url})
        assert not await welcome({})
        assert not await welcome({"Origin": "https://elsewhere.example"})
        # What a client says about proxies is not believed.
        forged = {"Origin": "https://elsewhere.example", "X-Forwarded-Host": "elsewhere.example"}
        assert not await welcome({**forged, "X-Forwarded-Proto": "https"})

    run(work())


def test_a_message_of_more_than_16_kb_ends_the_line(cluster: Cluster) -> None:
    browser = cluster.scene.panels[0][0]

    async def work() -> None:
        line = await join(cluster.url, browser.cookie, browser.csrf_token, 1)
        with pytest.raises(BROKEN):
            await line.send("42" + json.dumps(["clock", "x" * (17 * 1024)]))
            while True:
                await asyncio.wait_for(line.receive(), 5)

    run(work())


def test_personal_links_and_queries_are_in_no_log_of_nginx(cluster: Cluster) -> None:
    link = next(iter(cluster.scene.people.links.values()))
    assert requests.get(cluster.url + link, timeout=10, allow_redirects=False).status_code == 302
    requests.get(cluster.url + "/login?next=%2Fsecret-word", timeout=10)
    for worker in (0, 1):
        cluster.kill(worker)
    away = requests.get(cluster.url + link, timeout=10, allow_redirects=False)
    requests.get(cluster.url + "/sittings", timeout=10)
    cluster.start_again(0, 1)
    assert away.status_code == 502 and "服务正在重新启动" in away.content.decode()
    assert requests.get(cluster.url + "/login", timeout=10).ok
    written = [path.read_text() for path in cluster.nginx.directory.glob("*.log")]
    assert any("/link/-" in log for log in written)
    for log in written:
        assert link.rpartition("/")[2] not in log
        assert "secret-word" not in log
