"""The stand-ins are as strict as the providers: what a careless connector would send is refused."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
import requests

from defense.integrations.meetings.tencent import signed
from tests.doubles.bbb_double import BbbDouble
from tests.doubles.tencent_double import TencentDouble
from tests.doubles.zoom_double import ZoomDouble
from tests.meeting_world import NOW, tencent_access

START = int(NOW.timestamp()) + 86400
GOOD: dict[str, Any] = {
    "userid": "secretary",
    "instanceid": 1,
    "subject": "视频答辩",
    "type": 0,
    "start_time": str(START),
    "end_time": str(START + 3600),
    "password": "123456",
}


def send(
    double: TencentDouble,
    body: object = GOOD,
    method: str = "POST",
    uri: str = "/v1/meetings",
    drop: str = "",
    **changed: str,
) -> requests.Response:
    """A request, well signed unless `changed` (headers, with _ for -) or `drop` spoil it."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = signed(tencent_access(double), method, uri, content)
    headers = dict(request.headers) | {name.replace("_", "-"): value for name, value in changed.items()}
    headers.pop(drop, None)
    return requests.request(method, request.url, data=content, headers=headers, timeout=5)


def code_of(answer: requests.Response) -> int:
    info = answer.json().get("error_info", {})
    assert (answer.status_code == 200) == (not info)
    return int(info.get("error_code", 0))


def test_tencent_takes_what_is_right(tencent: TencentDouble) -> None:
    answer = send(tencent)
    assert code_of(answer) == 0
    (shown,) = answer.json()["meeting_info_list"]
    assert shown.keys() >= {"meeting_id", "meeting_code", "subject", "join_url", "password"}
    assert len(tencent.living) == tencent.created == 1


@pytest.mark.parametrize(
    "header", ["X-TC-Key", "X-TC-Timestamp", "X-TC-Nonce", "X-TC-Signature", "AppId", "X-TC-Registered"]
)
def test_tencent_wants_every_header(header: str, tencent: TencentDouble) -> None:
    assert code_of(send(tencent, drop=header)) == 190004
    assert tencent.created == 0


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"X_TC_Signature": "bm90IHRoZSBzaWduYXR1cmU="}, 200003),
        ({"X_TC_Nonce": "77"}, 200003),
        ({"X_TC_Nonce": "0"}, 190004),
        ({"X_TC_Nonce": "x1"}, 190004),
        ({"X_TC_Key": "another"}, 190303),
        ({"AppId": "another"}, 190303),
        ({"SdkId": "none-was-given"}, 190303),
        ({"Content_Type": "text/plain"}, 190004),
    ],
)
def test_tencent_refuses_a_wrong_header(changed: dict[str, str], code: int, tencent: TencentDouble) -> None:
    assert code_of(send(tencent, **changed)) == code
    assert tencent.created == 0


@pytest.mark.parametrize("off_s", [-400, 400])
def test_tencent_refuses_a_clock_that_is_off(off_s: int, tencent: TencentDouble) -> None:
    assert code_of(send(tencent, X_TC_Timestamp=str(int(time.time()) + off_s))) == 190300


def test_tencent_signs_path_query_and_body(tencent: TencentDouble) -> None:
    request = signed(tencent_access(tencent), "POST", "/v1/meetings", json.dumps(GOOD).encode())
    for url, body in (
        (f"{request.url}?a=1", request.body),
        (request.url, json.dumps(GOOD | {"subject": "x"}).encode()),
    ):
        answer = requests.post(url, data=body, headers=dict(request.headers), timeout=5)
        assert code_of(answer) == 200003


def test_tencent_refuses_a_repeated_nonce(tencent: TencentDouble) -> None:
    request = signed(tencent_access(tencent), "POST", "/v1/meetings", json.dumps(GOOD).encode())
    answers = [
        requests.post(request.url, data=request.body, headers=dict(request.headers), timeout=5)
        for _ in range(2)
    ]
    assert [code_of(answer) for answer in answers] == [0, 190301]
    assert tencent.created == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"userid": None},
        {"instanceid": None},
        {"subject": None},
        {"start_time": None},
        {"type": None},
        {"type": "0"},
        {"start_time": START},
        {"start_time": f"{START}000"},
        {"end_time": str(START)},
        {"end_time": "1000000000"},
        {"subject": "题" * 171},
        {"subject": ""},
        {"password": "123"},
        {"password": "abcdef"},
        {"hosts": ["secretary"]},
        {"settings": {"only_user_join_type": 4}},
        {"settings": {"auto_in_waiting_room": "true"}},
    ],
)
def test_tencent_refuses_a_wrong_field(wrong: dict[str, Any], tencent: TencentDouble) -> None:
    body = {name: value for name, value in (GOOD | wrong).items() if value is not None}
    assert code_of(send(tencent, body)) == 190004
    assert tencent.created == 0


def test_tencent_refuses_what_is_no_json(tencent: TencentDouble) -> None:
    assert code_of(send(tencent, b"userid=secretary")) == 190004
    assert code_of(send(tencent, [GOOD])) == 190004
    assert code_of(send(tencent, GOOD | {"userid": "stranger"})) == 9042


def test_tencent_keeps_states(tencent: TencentDouble) -> None:
    send(tencent)
    (held,) = tencent.living
    end = {"userid": "secretary", "instanceid": 1, "reason_code": 1}
    dismissal = {"operator_id": "secretary", "operator_id_type": 1, "instanceid": 1, "reason_code": 1}
    cancel, dismiss = (f"/v1/meetings/{held.meeting_id}/{step}" for step in ("cancel", "dismiss"))
    move = {"method": "PUT", "uri": f"/v1/meetings/{held.meeting_id}"}
    assert code_of(send(tencent, {"userid": "secretary", "instanceid": 1}, uri=cancel)) == 190004
    assert code_of(send(tencent, dismissal, uri=dismiss)) == 9042
    tencent.start_meeting(held.meeting_id)
    assert code_of(send(tencent, end, uri=cancel)) == 13602
    assert code_of(send(tencent, **move)) == 13602
    assert code_of(send(tencent, end, uri=dismiss)) == 190004
    assert code_of(send(tencent, dismissal, uri=dismiss)) == 0
    assert code_of(send(tencent, end, uri=cancel)) == 13603
    assert code_of(send(tencent, end, uri="/v1/meetings/1/cancel")) == 9003
    send(tencent)
    (held,) = tencent.living
    cancel = f"/v1/meetings/{held.meeting_id}/cancel"
    assert [code_of(send(tencent, end, uri=cancel)) for _ in range(2)] == [0, 9007]
    assert tencent.living == []


def test_tencent_counts(tencent: TencentDouble) -> None:
    tencent.account.monthly, tencent.account.per_minute = 1, 3
    assert [code_of(send(tencent)) for _ in range(4)] == [0, 500168, 500168, 190310]


def test_zoom_is_strict(zoom: ZoomDouble) -> None:
    account = zoom.account
    pair = (account.client_id, account.client_secret)
    grant = {"grant_type": "account_credentials", "account_id": account.account_id}
    token_url, meetings = f"{zoom.url}/oauth/token", f"{zoom.url}/v2/users/{account.user_id}/meetings"
    assert requests.post(token_url, data=grant, auth=("x", "y"), timeout=5).status_code == 401
    assert requests.post(token_url, data={"grant_type": "x"}, auth=pair, timeout=5).status_code == 400
    token = requests.post(token_url, params=grant, auth=pair, timeout=5).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    body = {"topic": "视频答辩", "type": 2, "start_time": "2026-12-01T02:00:00Z", "duration": 240}
    refused = {"Authorization": "Bearer another"}
    assert requests.post(meetings, json=body, headers=refused, timeout=5).json()["code"] == 124
    for wrong in ({"topic": "x" * 201}, {"duration": "240"}, {"start_time": "2026-12-01 02:00"}, {"type": 9}):
        assert requests.post(meetings, json=body | wrong, headers=headers, timeout=5).json()["code"] == 300
    assert requests.post(meetings, data="x", headers=headers, timeout=5).status_code == 415
    assert zoom.living == []
    assert requests.post(meetings, json=body, headers=headers, timeout=5).status_code == 201
    zoom.account.daily = 1
    assert requests.post(meetings, json=body, headers=headers, timeout=5).status_code == 429
    number = zoom.living[0].id
    deleted = [
        requests.delete(f"{zoom.url}/v2/meetings/{number}", headers=headers, timeout=5) for _ in range(2)
    ]
    assert [answer.status_code for answer in deleted] == [204, 404]


def test_bigbluebutton_is_strict(bbb: BbbDouble) -> None:
    from hashlib import sha256

    def key_of(name: str, query: str, /, **body: str) -> str:
        checksum = sha256(f"{name}{query}{bbb.secret}".encode()).hexdigest()
        url = f"{bbb.api}/{name}?{query}{'&' if query else ''}checksum={checksum}"
        text = requests.post(url, data=body, timeout=5).text if body else requests.get(url, timeout=5).text
        return text.partition("<messageKey>")[2].partition("<")[0]

    words = {"attendeePW": "a", "moderatorPW": "m"}
    assert "checksumError" in requests.get(f"{bbb.api}/create?name=xx&meetingID=m1", timeout=5).text
    assert key_of("create", "", name="xx", meetingID="a,b") == "validationError"
    assert key_of("create", "", name="xx", meetingID="m1", guestPolicy="MAYBE") == "validationError"
    assert bbb.created == 0
    assert key_of("create", "", name="xx", meetingID="m1", **words) == ""
    assert key_of("create", "", name="xx", meetingID="m1", **words) == "duplicateWarning"
    assert key_of("create", "", name="xx", meetingID="m1") == "idNotUnique"
    assert bbb.created == 1
    assert key_of("join", "meetingID=m1&fullName=x&role=VIEWER") == "mismatchCreateTimeParam"
    assert key_of("join", "meetingID=m2&fullName=x&role=VIEWER") == "invalidMeetingIdentifier"
    assert key_of("join", "meetingID=m1&fullName=x") == "validationError"
    assert key_of("end", "", meetingID="m1", password="a") == "invalidPassword"
