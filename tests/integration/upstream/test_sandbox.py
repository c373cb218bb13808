"""The platform to talk to keeps its contract, and goes wrong as it is told to."""

from __future__ import annotations

import base64
import hashlib
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from defense.domain.record_json import record_from_json
from sandbox.faults import Faults
from tests.upstream_platform import Caller, Platform, serving

APPLICATIONS = "/rounds/2021/applications"
DECISION = {
    "kind": "requirement",
    "decision": "required",
    "reason": "按通知",
    "made_at": "2021-11-01T10:00:00+08:00",
    "sequence": 1,
}


def first_of(caller: Caller) -> dict[str, Any]:
    item: dict[str, Any] = caller.call("GET", APPLICATIONS, params={"limit": 1}).json()["items"][0]
    return item


def put(caller: Caller, item: dict[str, Any], body: Any, key: str = "key-00000001", **headers: str) -> Any:
    headers = {"If-Match": item["etag"], "Idempotency-Key": key} | headers
    path = f"{APPLICATIONS}/{item['record']['number']}/decision"
    return caller.call("PUT", path, json=body, headers={k: v for k, v in headers.items() if v})


def test_feed_gives_everybody_once_and_then_what_changed(caller: Caller, platform: Platform) -> None:
    numbers, cursor = [], ""
    while True:
        page = caller.call("GET", APPLICATIONS, params={"cursor": cursor, "limit": 5}).json()
        numbers += [item["record"]["number"] for item in page["items"]]
        assert page["total"] == len(platform.records())
        cursor = page["next_cursor"]
        if not page["has_more"]:
            break
    assert sorted(numbers) == sorted(platform.records())
    platform.change(numbers[3], unit="新疆农业大学")
    page = caller.call("GET", APPLICATIONS, params={"cursor": cursor}).json()
    assert [item["record"]["unit"] for item in page["items"]] == ["新疆农业大学"]
    record_from_json(page["items"][0]["record"])


@pytest.mark.parametrize("cursor", ["x", "AAAA", "MTIzNDU2Nzg5MDEyMjAyMTow"])
def test_cursor_of_ones_own_making_is_refused(caller: Caller, cursor: str) -> None:
    answer = caller.call("GET", APPLICATIONS, params={"cursor": cursor})
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")


def test_one_application_and_what_belongs_to_it(caller: Caller) -> None:
    item = first_of(caller)
    number, record = item["record"]["number"], item["record"]
    answer = caller.call("GET", f"{APPLICATIONS}/{number}")
    assert answer.json() == item and answer.headers["ETag"] == item["etag"]
    again = caller.call("GET", f"{APPLICATIONS}/{number}", headers={"If-None-Match": item["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    fee = caller.call("GET", f"{APPLICATIONS}/{number}/fee").json()
    assert fee == {"paid": True} | record["fee_payment"]
    attachment = record["attachments"][0]
    file = caller.call("GET", f"/attachments/{attachment['upstream_id']}")
    digest = hashlib.sha256(file.content)
    assert digest.hexdigest() == attachment["sha256"] and len(file.content) == attachment["size"]
    assert file.headers["Digest"] == "sha-256=" + base64.b64encode(digest.digest()).decode()
    assert caller.call("GET", f"{APPLICATIONS}/nobody").status_code == 404


def test_a_decision_is_taken_once_in_order_and_by_who_knows_the_newest(
    caller: Caller, platform: Platform
) -> None:
    item = first_of(caller)
    assert put(caller, item, DECISION, **{"If-Match": ""}).status_code == 428
    taken = put(caller, item, DECISION)
    assert taken.status_code == 200
    assert put(caller, item, DECISION).json() == taken.json(), "the same request again, with the old etag"
    assert put(caller, item, DECISION | {"reason": "其他"}).status_code == 422
    stale = put(caller, item, DECISION | {"sequence": 2}, key="key-00000002")
    assert (stale.status_code, stale.json()["etag"]) == (412, taken.json()["etag"])
    newest = item | {"etag": taken.json()["etag"]}
    assert put(caller, newest, DECISION, key="key-00000003").status_code == 409
    assert put(caller, newest, DECISION | {"sequence": 2}, key="key-00000004").status_code == 200
    told = platform.told()
    assert [(one["body"]["sequence"], one["repeats"]) for one in told] == [(1, 1), (2, 0)]


@pytest.mark.parametrize(
    "spoilt",
    [
        {"kind": "mood"},
        {"sequence": 0},
        {"sequence": True},
        {"sequence": "1"},
        {"made_at": "2021-11-01T10:00:00"},
        {"more": 1},
        {"reason": None},
    ],
)
def test_a_body_of_another_form_is_refused(caller: Caller, platform: Platform, spoilt: Any) -> None:
    assert put(caller, first_of(caller), DECISION | spoilt).status_code == 400
    assert platform.told() == []


def test_signed_requests(platform_file: Path) -> None:
    with serving(platform_file, auth="hmac") as platform:
        caller = Caller(platform)
        assert caller.call("GET", APPLICATIONS, params={"limit": 2, "cursor": ""}).status_code == 200
        sent = requests.Request("GET", f"{platform.url}/api/v1{APPLICATIONS}").prepare()
        sent.headers.update(caller._signature(sent))
        with requests.Session() as session:
            assert session.send(sent, timeout=5).status_code == 200
            replayed = session.send(sent, timeout=5)
        assert (replayed.status_code, "nonce" in replayed.text) == (401, True)
        platform.put("keys", {"ahead_s": 301})
        late = caller.call("GET", APPLICATIONS)
        assert (late.status_code, "clock" in late.text) == (401, True)
        platform.put("keys", {"ahead_s": 0})
        platform.secret = "another"
        assert "signature" in caller.call("GET", APPLICATIONS).text


def test_tokens_run_out_and_are_for_the_client_alone(platform: Platform, caller: Caller) -> None:
    assert caller.call("GET", APPLICATIONS).status_code == 200
    platform.put("keys", {"ahead_s": 601})
    assert caller.call("GET", APPLICATIONS).status_code == 401
    platform.put("keys", {"ahead_s": 0, "forget_tokens": True})
    assert caller.call("GET", APPLICATIONS).status_code == 401
    stranger = requests.post(
        f"{platform.url}/oauth/token", data={"grant_type": "client_credentials"}, auth=("x", "y"), timeout=5
    )
    assert (stranger.status_code, stranger.json()) == (401, {"error": "invalid_client"})
    assert requests.get(f"{platform.url}/sandbox/told", timeout=5).status_code == 403


def test_who_asks_too_fast_is_told_to_wait(platform: Platform, caller: Caller) -> None:
    platform.put("keys", {"rate": 2})
    answers = [caller.call("GET", APPLICATIONS, params={"limit": 1}) for _ in range(6)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused and all(int(answer.headers["Retry-After"]) >= 1 for answer in refused)


@pytest.mark.parametrize("fault", ["cut", "timeout", "cut_after", "timeout_after", "truncated"])
def test_a_line_that_breaks_before_or_after_acting(caller: Caller, platform: Platform, fault: str) -> None:
    item = first_of(caller)
    platform.set_faults(hold_s=0.2, **{fault: 1.0})
    started = time.monotonic()
    with pytest.raises(requests.RequestException):
        put(caller, item, DECISION)
    assert (time.monotonic() - started > 0.2) == fault.startswith("timeout")
    platform.set_faults()
    acted = fault in ("cut_after", "timeout_after", "truncated")
    assert len(platform.told()) == acted
    assert put(caller, item, DECISION).status_code == 200
    assert [one["repeats"] for one in platform.told()] == [int(acted)]


@pytest.mark.parametrize(("fault", "status"), [("f429", 429), ("f500", 500), ("f503", 503)])
def test_a_platform_out_of_order(caller: Caller, platform: Platform, fault: str, status: int) -> None:
    platform.set_faults(**{fault: 1.0})
    answer = caller.call("GET", APPLICATIONS)
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    platform.set_faults(not_json=1.0)
    assert caller.call("GET", APPLICATIONS).headers["Content-Type"].startswith("text/html")
    platform.set_faults(slow=1.0)
    assert caller.call("GET", APPLICATIONS).json()["total"] == len(platform.records())


def test_it_lies_when_asked_to(caller: Caller, platform: Platform) -> None:
    platform.set_lies(total=3, has_more=True, repeat_cursor=True)
    one = caller.call("GET", APPLICATIONS, params={"limit": 5}).json()
    two = caller.call("GET", APPLICATIONS, params={"limit": 5, "cursor": one["next_cursor"]}).json()
    assert (one["total"], one["has_more"], two["items"]) == (3, True, one["items"])


def test_faults_come_again_by_their_seed() -> None:
    drawn = [[Faults.parse("429=0.3,cut=0.2", seed).draw() for _ in range(1)] for seed in range(200)]
    assert drawn == [[Faults.parse("429=0.3,cut=0.2", seed).draw() for _ in range(1)] for seed in range(200)]
    shares = {kind: sum([kind] == one for one in drawn) / 200 for kind in ("429", "cut", "")}
    assert 0.2 < shares["429"] < 0.4 and 0.1 < shares["cut"] < 0.3
    with pytest.raises(ValueError, match="nonsense: no such fault"):
        Faults.parse("nonsense=0.1")
    with pytest.raises(ValueError, match="kind=share"):
        Faults.parse("429=often")


def test_page_shows_what_is_held_and_was_told(caller: Caller, platform: Platform) -> None:
    put(caller, first_of(caller), DECISION)
    page = requests.get(platform.url, timeout=5).text
    assert "24 份申报" in page or f"{len(platform.records())} 份申报" in page
    assert "required" in page


def test_many_clients_at_once_and_nothing_is_taken_twice(caller: Caller, platform: Platform) -> None:
    item = first_of(caller)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: put(Caller(platform), item, DECISION), range(16)))
        others = [threads.submit(put, caller, item, DECISION, f"key-of-{n:04}") for n in range(8)]
    assert {(answer.status_code, answer.text) for answer in answers} == {(200, answers[0].text)}
    assert {other.result().status_code for other in others} == {412}
    assert [one["repeats"] for one in platform.told()] == [15]


def test_cursors_and_what_was_told_outlive_a_restart(tmp_path: Path, platform_file: Path) -> None:
    file = Path(shutil.copy(platform_file, tmp_path))
    with serving(file) as platform:
        caller = Caller(platform)
        cursor = caller.call("GET", APPLICATIONS).json()["next_cursor"]
        item = first_of(caller)
        taken = put(caller, item, DECISION).json()
    with serving(file) as platform:
        caller = Caller(platform)
        changed = caller.call("GET", APPLICATIONS, params={"cursor": cursor}).json()["items"]
        assert [one["etag"] for one in changed] == [taken["etag"]]
        assert put(caller, item, DECISION).json() == taken


def test_what_people_do_at_the_platform(caller: Caller, platform: Platform) -> None:
    number = first_of(caller)["record"]["number"]
    platform.pay_fee(number, "2021-10-20", "阿克苏地区人社局", "N1")
    fee = caller.call("GET", f"{APPLICATIONS}/{number}/fee").json()
    assert fee == {
        "paid": True,
        "paid_on": "2021-10-20",
        "payer": "阿克苏地区人社局",
        "receipt_number": "N1",
    }
    platform.change(number, status="returned")
    item = caller.call("GET", f"{APPLICATIONS}/{number}").json()
    assert item["status"] == "returned"
    file = item["record"]["attachments"][0]["upstream_id"]
    platform.spoil_attachment(file, b"other")
    assert caller.call("GET", f"/attachments/{file}").content == b"other"
    platform.take_attachment_away(file)
    assert caller.call("GET", f"/attachments/{file}").status_code == 410


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/no", 404), ("DELETE", APPLICATIONS, 405)])
def test_no_such_address_is_a_problem_too(caller: Caller, method: str, path: str, status: int) -> None:
    answer = caller.call(method, path)
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert ("Allow" in answer.headers) == (status == 405)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Timestamp": "9" * 5000},
        {"X-Timestamp": "now"},
        {"X-Nonce": "g" * 32},
        {"X-Signature": "签".encode().decode("latin-1")},
        {"X-Key-Id": "other"},
    ],
)
def test_a_signature_of_another_form_is_refused(platform_file: Path, headers: dict[str, str]) -> None:
    with serving(platform_file, auth="hmac") as platform:
        caller = Caller(platform)
        sent = requests.Request("GET", f"{platform.url}/api/v1{APPLICATIONS}").prepare()
        sent.headers.update(caller._signature(sent) | headers)
        with requests.Session() as session:
            assert session.send(sent, timeout=5).status_code == 401


def test_the_gate_goes_wrong_only_when_asked_to(platform: Platform) -> None:
    platform.set_faults(f503=1.0)
    assert Caller(platform).call("GET", APPLICATIONS).json()["status"] == 503
    ask = {"data": {"grant_type": "client_credentials"}, "auth": (platform.client_id, platform.secret)}
    assert requests.post(f"{platform.url}/oauth/token", timeout=5, **ask).status_code == 200
    platform.set_faults(f503=1.0, at_gate=True)
    assert requests.post(f"{platform.url}/oauth/token", timeout=5, **ask).status_code == 503
    platform.set_faults(cut_after=1.0, at_gate=True)
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{platform.url}/oauth/token", timeout=5, **ask)
