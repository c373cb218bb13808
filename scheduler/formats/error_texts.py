"""What `InstanceError` says, as one line for people: the place, Chinese, English, and the way out.

The errors themselves carry short English texts, as code and tests read them; here each kind of them is told
once more, so that whoever wrote the file knows what to do next.
"""

import re

from scheduler.errors import FileError, InstanceError
from scheduler.schedule import Message

SHOWN_CHARS = 400
"""So much is shown of a path or text, which a file can make as long as itself."""

_WORDS = {
    "a whole number": "整数",
    "a number": "数字",
    "a text": "文本（加引号）",
    "true or false": "true 或 false",
    "an object": "对象 {…}",
    "a list": "列表 […]",
    "nothing (null)": "空值 null",
}

_TEXTS: tuple[tuple[str, Message], ...] = tuple(
    (pattern, Message(zh, en))
    for pattern, zh, en in (
        (r"missing", "缺少该字段，请补上", "missing; add it"),
        (r"unknown field; known are (.*)", "未知字段；可用字段：{0}", "unknown field; known are {0}"),
        (r"expected one of (.*), got (.*)", "应为 {0} 之一，实际为 {1}", "expected one of {0}, got {1}"),
        (r"expected (.*?), got (.*)", "应为{0}，实际为 {1}", "expected {0}, got {1}"),
        (r"must lie between (\S+) and (\S+)", "应在 {0} 与 {1} 之间", "must lie between {0} and {1}"),
        (r"must be at least (\S+), got (.*)", "不得小于 {0}，实际为 {1}", "must be at least {0}, got {1}"),
        (r"must be above (\S+), got (.*)", "应大于 {0}，实际为 {1}", "must be above {0}, got {1}"),
        (
            r"must be a whole number of at least (\S+), got (.*)",
            "应为不小于 {0} 的整数，实际为 {1}",
            "must be a whole number of at least {0}, got {1}",
        ),
        (
            r"must be a text that is not empty, got (.*)",
            "应为非空文本，实际为 {0}",
            "must be a text that is not empty, got {0}",
        ),
        (
            r"must lie after start_min (\S+), got (\S+)",
            "结束 {1} 应晚于开始 start_min {0}，请改正其一",
            "must lie after start_min {0}, got {1}; correct one of the two",
        ),
        (
            r"(.*) is already used by (.*)",
            "{0} 已用于 {1}，请改用另一个或删去其一",
            "{0} is already used by {1}; use another or remove one",
        ),
        (
            r"(.*) does not exist",
            "{0} 不存在，请先定义或改正编号",
            "{0} does not exist; define it or correct the id",
        ),
        (
            r"(.*) is recused and cannot be made to attend",
            "{0} 已回避，不能又要求到场，请从其一删去",
            "{0} is recused and cannot be made to attend; remove it from one of the two",
        ),
        (r"must name at least one term", "至少应含一项目标", "must name at least one term"),
        (
            r"expected (a window|a day) or more, got an empty list",
            "列表不得为空",
            "expected {0} or more, got an empty list",
        ),
        (
            r"overlaps the window (.*)",
            "与时段 {0} 重叠，请改正或合并",
            "overlaps the window {0}; correct or join them",
        ),
        (
            r"day (\S+) lies in no season",
            "第 {0} 天不属于任何作息季节；请补季节，或列入 days_off",
            "day {0} lies in no season; add a season, or put the day into days_off",
        ),
        (
            r"day (\S+) lies in (seasons\S+) too",
            "第 {0} 天同时属于 {1}，请改正其一",
            "day {0} lies in {1} too; correct one of the two",
        ),
        (
            r"makes more than (\S+) sittings",
            "展开后超过 {0} 个场次，请减少天数或答辩组",
            "makes more than {0} sittings; list fewer days or panels",
        ),
        (r"the file is empty", "文件为空", "the file is empty"),
        (
            r"the file ends in the middle",
            "文件不完整（被截断），请重新复制或导出",
            "the file ends in the middle (truncated); copy or export it again",
        ),
        (r"not JSON: (.*)", "不是合法的 JSON（{0}），请改正该处", "not JSON ({0}); correct this place"),
        (
            r"nested deeper than (\d+) levels",
            "嵌套超过 {0} 层，这不是排期文件",
            "nested deeper than {0} levels; this is no instance",
        ),
        (
            r"the key comes twice",
            "同一字段出现两次，请删去其一",
            "the key comes twice; remove one of the two",
        ),
        (
            r"(\S+) is not a finite number",
            "{0} 不是有限的数，请改为普通数字",
            "{0} is not a finite number; write a plain one",
        ),
        (
            r"(.*) holds half a character \(a lone surrogate\)",
            "{0} 含不完整的字符，请重新输入",
            "{0} holds half a character (a lone surrogate); type it again",
        ),
        (
            r"byte (\d+) is not UTF-8",
            "第 {0} 字节不是 UTF-8，请另存为 UTF-8",
            "byte {0} is not UTF-8; save the file as UTF-8",
        ),
        (
            r"is larger than (\d+) MB",
            "文件超过 {0} MB，请拆分成几批",
            "is larger than {0} MB; split the round",
        ),
        (r"is a folder; name a file in it", "是文件夹，请指定其中的文件", "is a folder; name a file in it"),
        (
            r"is an input of this command; name another target",
            "是本命令的输入文件，请换一个输出文件",
            "is an input of this command; name another target",
        ),
        (r"must end in .svg or .png", "文件名应以 .svg 或 .png 结尾", "must end in .svg or .png"),
        (
            r"PNG needs the Python package resvg-py",
            "生成 PNG 需要 Python 包 resvg-py：pip install resvg-py；或改存 .svg",
            "PNG needs the Python package resvg-py: pip install resvg-py; or write .svg",
        ),
        (
            r"PNG needs a Chinese font",
            "生成 PNG 需要中文字体，请安装 fonts-noto-cjk；或改存 .svg",
            "PNG needs a Chinese font: install fonts-noto-cjk; or write .svg",
        ),
        (
            r"the PNG would have (\d+) million pixels",
            "PNG 将有 {0} 百万像素，过大；请减小 --zoom 或改存 .svg",
            "the PNG would have {0} million pixels; lower --zoom or write .svg",
        ),
        (r"cannot be read: (.*)", "无法读取：{0}", "cannot be read: {0}"),
        (
            r"cannot be written; make the folder (.*) first",
            "无法写入，请先建立文件夹 {0}",
            "cannot be written; make the folder {0} first",
        ),
        (r"cannot be written: (.*)", "无法写入：{0}", "cannot be written: {0}"),
    )
)


def describe_error(error: InstanceError) -> str:
    """Return one line: file and place of the fault, then what is wrong in Chinese and in English.

    An error whose text is already in both languages, or of a kind unknown here, is told as it is.
    """
    file_name = error.file_name if isinstance(error, FileError) else ""
    place = ": ".join(part for part in (file_name, error.path) if part)
    message = translate(error.problem)
    texts = (message.zh, message.en) if message else (error.problem,)
    line = " / ".join(_cut(text) for text in texts)
    line = f"{_cut(place)}: {line}" if place else line
    # A key or an id may hold line breaks or commands for the terminal.
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN_CHARS else f"{text[: SHOWN_CHARS // 2]} … {text[-SHOWN_CHARS // 2 :]}"


def translate(problem: str) -> Message | None:
    """Return the text of an `InstanceError` in both languages, or None when it is of no known kind."""
    for pattern, message in _TEXTS:
        found = re.fullmatch(pattern, problem, re.DOTALL)
        if found:
            chinese = [_in_chinese(word) for word in found.groups()]
            return Message(message.zh.format(*chinese), message.en.format(*found.groups()))
    return None


def _in_chinese(word: str) -> str:
    for english, chinese in (("the text ", "文本 "), ("the number ", "数字 ")):
        if word.startswith(english):
            return chinese + word.removeprefix(english)
    return _WORDS.get(word, word)
