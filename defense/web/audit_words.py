"""Words for the actions of the audit log."""

from __future__ import annotations

from defense.domain.lifecycle import MOVE_TEXT
from defense.domain.text import Text
from defense.web.format import localise

_ACTION_TEXT = {
    "account.created": Text("新建账号", "account created"),
    "account.closed": Text("停用账号", "account closed"),
    "account.opened": Text("启用账号", "account opened again"),
    "account.password_set": Text("设置密码", "password set"),
    "ballot.opened": Text("开始表决", "ballot opened"),
    "ballot.cast": Text("投票", "ballot cast"),
    "ballot.closed": Text("结束表决", "ballot closed"),
    "import.applied": Text("导入数据", "data imported"),
    "invites.refreshed": Text("更新邀请", "invites refreshed"),
    "link.issued": Text("发放个人链接", "personal link handed out"),
    "link.revoked": Text("作废个人链接", "personal links revoked"),
    "mail.retried": Text("重发邮件", "mail sent again"),
    "recusal.declared": Text("登记回避", "recusal declared"),
    "results.released": Text("公布结果", "results released"),
    "round.created": Text("新建批次", "round created"),
    "round.settings_changed": Text("修改批次设置", "settings of the round changed"),
    "ruling.fee": Text("裁定：缴费", "ruling on the fee"),
    "ruling.requirement": Text("裁定：是否答辩", "ruling on the defence"),
    "ruling.validity": Text("裁定：材料是否有效", "ruling on validity"),
    "schedule.published": Text("发布排期", "timetable published"),
    "schedule.saved": Text("保存排期", "timetable saved"),
    "sign_in.failed": Text("登录失败", "sign-in failed"),
    "sign_in.started": Text("登录", "signed in"),
    "solve.cancelled": Text("取消求解", "solving cancelled"),
    "solve.started": Text("开始求解", "solving started"),
} | {f"defence.{move}": text for move, text in MOVE_TEXT.items()}


def action_word(action: str) -> str:
    """The action in the reader's language; one without a word of its own stays as it is."""
    return localise(_ACTION_TEXT.get(action, Text(action, action)))
