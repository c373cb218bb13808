"""What a provider answered, and what to do when that is not a success."""

from __future__ import annotations

from dataclasses import dataclass

from defense.domain.text import Text
from defense.integrations.http_line import Answer
from defense.integrations.meetings.provider import FailureKind

# In all of them, `{provider}` is filled in by the caller.
BUSY = Text(
    "{provider}暂时无法使用，请稍后再试或改用备用会议服务。",
    "{provider} cannot be used at the moment; try again later or take the other provider.",
)
UNREACHABLE = Text(
    "无法连接{provider}，请检查网络和服务地址的设置。",
    "{provider} cannot be reached; check the network and the address in the settings.",
)
UNTRUSTED = Text(
    "{provider}的安全证书无法验证，请系统管理员核对服务地址和服务器时间。",
    "{provider}'s certificate cannot be verified; have the administrator check the address and the clock.",
)
UNANSWERED = Text(
    "{provider}没有给出完整的答复，操作可能已经生效；系统将先查询，再决定是否重试。",
    "{provider} gave no whole answer, so the call may have worked; it is looked up before it is tried again.",
)
ABSENT = Text(
    "{provider}中没有这场会议，它可能已被删除。", "{provider} has no such meeting; it may have been deleted."
)
OVER = Text("这场会议在{provider}中已经结束或取消。", "The meeting is over or cancelled at {provider}.")
QUOTA = Text(
    "{provider}可创建的会议数或人数已达上限，请改用备用会议服务或联系管理员扩容。",
    "{provider} is at its limit of meetings or people; take the other provider or have the limit raised.",
)
CREDENTIALS = Text(
    "{provider}不接受本系统的密钥或权限不足，请联系系统管理员核对设置。",
    "{provider} does not accept this service's key or rights; ask the administrator to check the settings.",
)
REFUSED = Text(
    "{provider}拒绝了这项操作，请联系系统管理员，并告知代码。",
    "{provider} refused the call; tell the administrator the code.",
)
REDIRECTED = Text(
    "{provider}的服务地址指向别处，请核对设置中的地址。",
    "The address of {provider} points elsewhere; check the address in the settings.",
)


@dataclass(frozen=True)
class Refusal:
    """How a connector understands an answer that is not a success: what to do, and why in words for staff."""

    kind: FailureKind
    words: Text
    code: str = ""


def by_status(answer: Answer) -> Refusal | None:
    """What the HTTP status alone tells; None for 2xx."""
    status = answer.status
    if 200 <= status < 300:
        return None
    kind, words = FailureKind.NEVER, REFUSED
    if 300 <= status < 400:
        words = REDIRECTED
    elif status == 429:
        kind, words = FailureKind.LATER, BUSY
    elif status in (408, 425) or status >= 500:
        kind, words = FailureKind.UNKNOWN, UNANSWERED
    elif status in (404, 410):
        kind, words = FailureKind.ABSENT, ABSENT
    elif status in (401, 403):
        words = CREDENTIALS
    return Refusal(kind, words, f"HTTP {status}")
