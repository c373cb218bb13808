"""The client against the platform: both ways to sign, faults, lies, and nothing told to a log."""

from __future__ import annotations

import io
import json
import logging
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import sandbox.api
from defense.domain.record_json import part_to_json
from defense.integrations.http_line import SHORT_READ, Answer
from defense.integrations.upstream import FailureKind, UpstreamClient, UpstreamFailure
from defense.integrations.upstream.client import Timing
from defense.settings import Settings, SettingsError
from sandbox.api import problem
from sandbox.store import Item
from tests.conftest import make_settings
from tests.upstream_platform import Platform, serving

QUICK = Timing(connect_s=1, read_s=0.5, patience_s=8, attempts=8, first_pause_s=0.01)
ONCE = Timing(connect_s=1, read_s=0.5, patience_s=1, attempts=1)
BODY = {
    "kind": "validity",
    "decision": "valid",
    "reason": "复核",
    "made_at": "2021-11-01T10:00:00+08:00",
    "sequence": 1,
}


def client_of(platform: Platform, directory: Path, timing: Timing = QUICK, **other: str) -> UpstreamClient:
    access = make_settings(directory, **platform.environ | other).upstream
    assert access is not None
    return UpstreamClient(access, timing)


@pytest.fixture(params=["oauth2", "hmac"])
def signed(request: pytest.FixtureRequest, tmp_path: Path, platform_file: Path) -> Iterator[Platform]:
    with serving(platform_file, auth=request.param) as platform:
        yield platform


def test_everything_is_read_in_pages_and_then_what_changed(signed: Platform, tmp_path: Path) -> None:
    client = client_of(signed, tmp_path)
    pages = list(client.pages("2021", limit=7))
    records = [item.record for page in pages for item in page.items]
    assert {record["number"]: record for record in records} == signed.records()
    assert len(pages) > 2
    number = records[2]["number"]
    signed.change(number, unit="新疆医科大学")
    ((item,),) = [page.items for page in client.pages("2021", pages[-1].next_cursor)]
    assert (item.record["number"], item.record["unit"]) == (number, "新疆医科大学")
    assert client.fetch("2021", number, item.etag) is None
    assert client.fetch("2021", number) == item
    fee = client.fee("2021", number)
    assert (fee.paid, part_to_json(fee.payment)) == (item.record["fee_paid"], item.record["fee_payment"])
    attachment = item.record["attachments"][0]
    file = io.BytesIO()
    client.attachment(attachment["upstream_id"], file, 1 << 20)
    assert len(file.getvalue()) == attachment["size"]


def test_put_is_applied_once_whatever_the_line_does(platform: Platform, tmp_path: Path) -> None:
    client = client_of(platform, tmp_path)
    numbers = sorted(platform.records())[:8]
    etags = {number: platform.item(number)["etag"] for number in numbers}
    platform.set_faults(
        seed=3, hold_s=0.6, cut=0.15, cut_after=0.2, truncated=0.1, not_json=0.1, f503=0.1, timeout_after=0.05
    )
    for number in numbers:
        etag = client.put("2021", number, "decision", BODY, if_match=etags[number], key=f"key-{number}")
        assert etag == platform.item(number)["etag"] != etags[number]
    assert sorted(one["number"] for one in platform.told()) == numbers
    assert any(one["repeats"] for one in platform.told()), "some were repeated"


@pytest.mark.parametrize(
    ("lie", "words"), [({"repeat_cursor": True}, "游标重复"), ({"total": 10**9, "has_more": True}, "")]
)
def test_a_feed_that_lies_about_its_length_ends(
    platform: Platform, tmp_path: Path, lie: dict[str, object], words: str
) -> None:
    platform.set_lies(**lie)
    pages, failed = [], ""
    try:
        for page in client_of(platform, tmp_path).pages("2021", limit=10):
            pages.append(page)
    except UpstreamFailure as failure:
        assert failure.kind is FailureKind.UNREADABLE
        failed = failure.words.zh
    assert words in failed and bool(words) == bool(failed)
    assert len(pages) <= 3


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("f429", FailureKind.LATER),
        ("f500", FailureKind.LATER),
        ("cut", FailureKind.LATER),
        ("not_json", FailureKind.LATER),
        ("truncated", FailureKind.LATER),
    ],
)
def test_what_may_pass_is_told_as_such(
    platform: Platform, tmp_path: Path, fault: str, kind: FailureKind
) -> None:
    platform.set_faults(**{fault: 1.0})
    with pytest.raises(UpstreamFailure) as failed:
        client_of(platform, tmp_path, ONCE).fetch("2021", "XJ202100001")
    assert failed.value.kind is kind
    assert (failed.value.retry_after_s is not None) == (fault == "f429")


def test_refusals_say_what_to_do(platform: Platform, tmp_path: Path) -> None:
    client, number = client_of(platform, tmp_path), min(platform.records())
    etag = platform.item(number)["etag"]
    put: Callable[..., str] = client.put
    newest = platform.change(number, unit="某单位")
    with pytest.raises(UpstreamFailure) as stale:
        put("2021", number, "decision", BODY, if_match=etag, key="key-00000001")
    assert (stale.value.kind, stale.value.etag) == (FailureKind.STALE, newest)
    with pytest.raises(UpstreamFailure) as absent:
        put("2021", "nobody", "decision", BODY, if_match=etag, key="key-00000001")
    assert absent.value.kind is FailureKind.ABSENT
    with pytest.raises(UpstreamFailure) as refused:
        put("2021", number, "decision", BODY | {"sequence": 0}, if_match=newest, key="key-00000001")
    assert refused.value.kind is FailureKind.REFUSED and "400" in refused.value.words.zh


def test_a_lost_token_is_renewed_and_a_wrong_key_is_not_tried_twice(
    platform: Platform, tmp_path: Path
) -> None:
    client, number = client_of(platform, tmp_path), min(platform.records())
    assert client.fetch("2021", number)
    platform.put("keys", {"forget_tokens": True})
    assert client.fetch("2021", number)
    stranger = client_of(platform, tmp_path, UPSTREAM_CLIENT_SECRET="wrong-secret")
    with pytest.raises(UpstreamFailure) as failed:
        stranger.fetch("2021", number)
    assert failed.value.kind is FailureKind.CREDENTIALS


def test_changed_bytes_are_noticed(platform: Platform, tmp_path: Path) -> None:
    attachment = next(iter(platform.records().values()))["attachments"][0]
    with pytest.raises(UpstreamFailure) as absent:
        client_of(platform, tmp_path).attachment("nothing", io.BytesIO(), 1 << 20)
    assert absent.value.kind is FailureKind.ABSENT
    file = io.BytesIO()
    client_of(platform, tmp_path).attachment(attachment["upstream_id"], file, 1 << 20)
    assert file.getvalue().startswith(b"%PDF")


class _Pieces(io.BytesIO):
    """Remembers how much came at once."""

    longest = 0

    def write(self, data: Any) -> int:
        self.longest = max(self.longest, len(data))
        return super().write(data)


def test_a_long_file_comes_in_pieces_and_one_too_long_is_asked_for_once(
    platform: Platform, tmp_path: Path
) -> None:
    long = secrets.token_bytes(40 << 20)
    platform.inside.store.put_attachment("long", "long.pdf", long)
    client, file = client_of(platform, tmp_path), _Pieces()
    client.attachment("long", file, 50 << 20)
    assert file.getvalue() == long and file.longest <= SHORT_READ
    began = time.monotonic()
    with pytest.raises(UpstreamFailure) as failed:
        client.attachment("long", file, 39 << 20)
    assert failed.value.kind is FailureKind.TOO_LARGE and time.monotonic() - began < 5
    platform.set_faults(cut=1.0)
    with pytest.raises(UpstreamFailure) as failed:
        client_of(platform, tmp_path, ONCE).attachment("long", file, 50 << 20)
    assert failed.value.kind is FailureKind.LATER


def test_nothing_secret_or_personal_is_logged(
    signed: Platform, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client, number = client_of(signed, tmp_path, ONCE), min(signed.records())
    client.fetch("2021", number)
    signed.set_faults(cut=1.0)
    with pytest.raises(UpstreamFailure) as failed:
        client.fetch("2021", number)
    told = caplog.text + repr(failed.value) + repr(failed.value.__context__) + repr(client)
    assert signed.secret not in told and number not in told


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"UPSTREAM_URL": "https://a.example"}, "UPSTREAM_CLIENT_ID, UPSTREAM_CLIENT_SECRET: missing"),
        ({"UPSTREAM_URL": "https://a.example", "UPSTREAM_AUTH": "hmac"}, "UPSTREAM_KEY_ID, UPSTREAM_KEY: "),
        ({"UPSTREAM_AUTH": "basic"}, "UPSTREAM_AUTH='basic'"),
        ({"UPSTREAM_AUTH": "hmac"}, "UPSTREAM_URL: missing; UPSTREAM_AUTH set without it"),
        ({"UPSTREAM_MAP": "map.toml"}, "UPSTREAM_URL: missing; UPSTREAM_MAP set without it"),
        (
            {
                "UPSTREAM_URL": "http://a.example",
                "UPSTREAM_CLIENT_ID": "centre",
                "UPSTREAM_CLIENT_SECRET": "s3cret",
            },
            "UPSTREAM_URL: expected https",
        ),
    ],
)
def test_half_a_setting_stops_the_start(environ: dict[str, str], name: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"^{name}") as failed:
        Settings.from_env({"INSTANCE_DIR": str(tmp_path)} | environ)
    assert "s3cret" not in str(failed.value)


@pytest.mark.parametrize(
    ("spoilt", "words"),
    [
        ({"etag": None}, "版本号"),
        ({"etag": "版本"}, "版本号"),
        ({"record": None}, "没有内容"),
        ({"record": {"number": "X", "degrees": [{"school": "a\0b"}]}}, "degrees.0.school"),
        ({"record": {"number": "X", "unit": "\ud800"}}, "“unit”"),
        ({"record": {"number": "X", "degrees": json.loads("[" * 600 + "]" * 600)}}, "degrees.0.0"),
        ({"etag": " lead"}, "版本号"),
    ],
)
def test_an_item_that_cannot_be_used_spoils_no_other(
    platform: Platform,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spoilt: dict[str, object],
    words: str,
) -> None:
    plain, first = Item.to_json, min(platform.records())
    monkeypatch.setattr(Item, "to_json", lambda item: plain(item) | (spoilt if item.number == first else {}))
    items = [item for page in client_of(platform, tmp_path).pages("2021") for item in page.items]
    (faulty,) = [item for item in items if item.fault]
    assert faulty.fault is not None and words in faulty.fault.zh
    assert len(items) == len(platform.records())


@pytest.mark.parametrize("cursor", ["a" * 3_000, "a\ud800", "a\0", "游标"])
def test_a_cursor_that_cannot_be_kept_is_refused(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cursor: str
) -> None:
    client, plain = client_of(platform, tmp_path), UpstreamClient._json
    monkeypatch.setattr(client, "_json", lambda path: plain(client, path) | {"next_cursor": cursor})
    with pytest.raises(UpstreamFailure) as failed:
        next(client.pages("2021"))
    assert failed.value.kind is FailureKind.UNREADABLE and "游标" in failed.value.words.zh


def test_another_application_than_asked_for_is_refused(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = sorted(platform.records())[:2]
    swapped = platform.item(other)
    monkeypatch.setattr(Item, "to_json", lambda item: swapped)
    with pytest.raises(UpstreamFailure) as failed:
        client_of(platform, tmp_path).fetch("2021", one)
    assert failed.value.kind is FailureKind.UNREADABLE


@pytest.mark.parametrize("status", [400, 404, 412])
def test_no_token_is_a_matter_of_the_settings(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr(sandbox.api, "_oauth_error", lambda code, _status: problem(status, code, ""))
    stranger = client_of(platform, tmp_path, ONCE, UPSTREAM_CLIENT_SECRET="wrong-secret")
    with pytest.raises(UpstreamFailure) as failed:
        stranger.fetch("2021", "X")
    assert failed.value.kind is FailureKind.CREDENTIALS and "UPSTREAM_" in failed.value.words.zh


def test_json_nested_without_end_is_no_answer() -> None:
    deep = Answer(200, {"Content-Type": "application/json"}, b"[" * 200_000 + b"]" * 200_000)
    assert deep.json() is None
