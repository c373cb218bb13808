"""A plan, people and settings for tests of meeting connectors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from defense.integrations.meetings.call import Timing
from defense.integrations.meetings.provider import MeetingPlan, Participant
from defense.settings import BigBlueButtonAccess, TencentAccess, ZoomAccess
from tests.doubles.bbb_double import BbbDouble
from tests.doubles.tencent_double import TencentDouble
from tests.doubles.zoom_double import ZoomDouble

QUICK = Timing(connect_s=1.0, read_s=0.4, patience_s=2.0, attempts=3, first_pause_s=0.01)
NOW = datetime.now(UTC).replace(microsecond=0)
CANDIDATE = Participant("买买提·艾力", "account-17", moderator=False)
SECRETARY = Participant("王秘书", "account-3", moderator=True)
TAG = "t4f9c2ab81d"


def plan(tag: str = TAG, days: int = 3, subject: str = "视频答辩") -> MeetingPlan:
    start = NOW + timedelta(days=days)
    return MeetingPlan(tag, subject, start, start + timedelta(hours=4))


def tencent_access(double: TencentDouble, **changed: str) -> TencentAccess:
    account = double.account
    known = {
        "url": double.url,
        "secret_id": account.secret_id,
        "secret_key": account.secret_key,
        "app_id": account.app_id,
        "sdk_id": account.sdk_id,
        "user_id": account.user_id,
    }
    return TencentAccess(**(known | changed))


def zoom_access(double: ZoomDouble, **changed: str) -> ZoomAccess:
    account = double.account
    known = {
        "url": double.url,
        "oauth_url": double.url,
        "account_id": account.account_id,
        "client_id": account.client_id,
        "client_secret": account.client_secret,
        "user_id": account.user_id,
    }
    return ZoomAccess(**(known | changed))


def bbb_access(double: BbbDouble, **changed: str) -> BigBlueButtonAccess:
    known = {"url": double.api, "secret": double.secret, "checksum": "sha256"}
    return BigBlueButtonAccess(**(known | changed))
