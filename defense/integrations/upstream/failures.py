"""What can go wrong with the platform, and what follows from it."""

from __future__ import annotations

import re
from enum import StrEnum

from defense.domain.text import Text
from defense.integrations.http_line import Answer, Silence


class FailureKind(StrEnum):
    """What to do."""

    LATER = "later"
    """Try again by and by."""
    CREDENTIALS = "credentials"
    """Have the settings looked at; till then nothing works."""
    ABSENT = "absent"
    """The platform has no such thing (any more)."""
    STALE = "stale"
    """The record has changed upstream."""
    REFUSED = "refused"
    """So it would be again."""
    UNREADABLE = "unreadable"
    """An answer that keeps no contract."""
    TOO_LARGE = "too_large"
    """More than is taken; so it would be again."""


class UpstreamFailure(Exception):
    """A call that came to nothing.

    Parameters
    ----------
    words : for staff; of the platform's own words only the problem's title, cut.
    retry_after_s : how long the platform asks to be left alone.
    etag : of the record as it is upstream, where a stale one was refused.
    """

    def __init__(
        self, kind: FailureKind, words: Text, retry_after_s: float | None = None, etag: str = ""
    ) -> None:
        super().__init__(words.en)
        self.kind, self.words, self.retry_after_s, self.etag = kind, words, retry_after_s, etag


_SILENT = {
    Silence.UNTRUSTED: Text(
        "上级平台的安全证书无法验证，请系统管理员核对 UPSTREAM_URL 和服务器时间。",
        "The platform's certificate cannot be verified; have UPSTREAM_URL and the server's clock checked.",
    ),
    Silence.UNREACHED: Text(
        "无法连接上级平台，请检查网络和 UPSTREAM_URL 的设置；稍后会自动重试。",
        "The platform cannot be reached; check the network and UPSTREAM_URL. It is tried again by itself.",
    ),
    Silence.CUT_OFF: Text(
        "上级平台没有给出完整的答复，稍后会自动重试；重复发送不会重复生效。",
        "The platform gave no whole answer; it is tried again by itself, and nothing takes effect twice.",
    ),
    Silence.TOO_LONG: Text(
        "上级平台的答复超过本系统允许的长度，未予接收；请联系平台管理员。",
        "The platform's answer is longer than is taken here; turn to its administrator.",
    ),
}
_STATUS = {
    401: (
        FailureKind.CREDENTIALS,
        Text(
            "上级平台不接受本系统的密钥，请系统管理员核对 UPSTREAM_ 各项设置和服务器时间",
            "The platform does not accept our key; have the UPSTREAM_ settings and the clock checked",
        ),
    ),
    404: (FailureKind.ABSENT, Text("上级平台中没有这份申报或材料", "The platform has no such thing")),
    412: (
        FailureKind.STALE,
        Text("该申报在上级平台已变动，请先核对差异", "The record has changed upstream; look at what differs"),
    ),
    429: (FailureKind.LATER, Text("上级平台要求放慢", "The platform asks for fewer requests")),
}
_ALIKE = {403: 401, 407: 401, 410: 404}
_OUT_OF_ORDER = Text(
    "上级平台暂时无法使用，稍后会自动重试", "The platform is out of order; tried again by itself"
)
_REFUSED = Text(
    "上级平台拒绝了这项操作，请联系平台管理员", "The platform refused this; turn to its administrator"
)
_REDIRECTED = Text(
    "上级平台的地址指向别处，请核对 UPSTREAM_URL",
    "The platform's address points elsewhere; check UPSTREAM_URL",
)
_NOT_JSON = Text(
    "收到的答复不是上级平台的数据，可能来自中间网关；稍后会自动重试。",
    "The answer was not the platform's data, perhaps a gateway's; it is tried again by itself.",
)
_WORDS = Text("{ours}（{status}{theirs}）。", "{ours} ({status}{theirs}).")
_LONGEST_TITLE = 80


def silent(silence: Silence) -> UpstreamFailure:
    """There is no answer."""
    kind = FailureKind.TOO_LARGE if silence is Silence.TOO_LONG else FailureKind.LATER
    return UpstreamFailure(kind, _SILENT[silence])


def not_json() -> UpstreamFailure:
    """A success that holds no JSON: something between here and there has answered in the platform's place."""
    return UpstreamFailure(FailureKind.LATER, _NOT_JSON)


def failure_of(answer: Answer) -> UpstreamFailure | None:
    """None for a success."""
    status = answer.status
    if 200 <= status < 300 or status == 304:
        return None
    kind, ours = _kind_of(status)
    words = _WORDS.format(ours=ours, status=status, theirs=_title_of(answer))
    content = (answer.json() or {}) if kind is FailureKind.STALE else {}
    etag = content.get("etag")
    return UpstreamFailure(kind, words, _retry_after_s(answer), etag if isinstance(etag, str) else "")


def no_token(status: int) -> UpstreamFailure:
    """The platform gives no token for our name and secret."""
    return UpstreamFailure(
        FailureKind.CREDENTIALS, _WORDS.format(ours=_STATUS[401][1], status=status, theirs="")
    )


def unreadable(zh: str, en: str) -> UpstreamFailure:
    """An answer that is not what the contract says."""
    return UpstreamFailure(
        FailureKind.UNREADABLE,
        Text(
            f"上级平台的答复不符合接口约定：{zh}。请联系平台管理员。",
            f"The platform's answer keeps no contract: {en}. Turn to its administrator.",
        ),
    )


def _kind_of(status: int) -> tuple[FailureKind, Text]:
    known = _STATUS.get(_ALIKE.get(status, status))
    if known is not None:
        return known
    if status >= 500 or status == 408:
        return FailureKind.LATER, _OUT_OF_ORDER
    return (FailureKind.REFUSED, _REDIRECTED if status < 400 else _REFUSED)


def _title_of(answer: Answer) -> str:
    """The problem's title (RFC 9457), which names the kind of problem and nobody's data."""
    title = (answer.json() or {}).get("title")
    if not isinstance(title, str) or not title.strip():
        return ""
    # A digit run could be somebody's number in a careless platform's title.
    plain = re.sub(r"\d{5,}[\dXx]?", "…", " ".join(title.split()))
    return f"：{plain[:_LONGEST_TITLE]}"


def _retry_after_s(answer: Answer) -> float | None:
    asked = answer.headers.get("Retry-After", "")
    return float(asked[:6]) if asked.isascii() and asked.isdigit() else None
