"""Files that are wrong in every way: one line in both languages, exit code 2, no traceback."""

import copy
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from scheduling_builders import candidates, instance

from scheduler.__main__ import main
from scheduler.formats.codec import EXACT_LIMIT
from scheduler.formats.files import BYTES_LIMIT, read_instance, write_json

Refusal = Callable[..., str]


@pytest.fixture
def refusal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Refusal:
    """Write a file, have it checked and return the one line that refuses it, without the name of the file."""

    def refuse(content: bytes | str | dict[str, Any]) -> str:
        path = tmp_path / "in.json"
        if isinstance(content, dict):
            content = json.dumps(content)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        assert main(["check", str(path), str(path)]) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.count("\n") == 1
        assert captured.err.startswith(f"{path}: ")
        assert re.search("[\u4e00-\u9fff].* / [^\u4e00-\u9fff]*$", captured.err), captured.err
        return captured.err.removeprefix(f"{path}: ")

    return refuse


def whole_instance() -> dict[str, Any]:
    """An instance in which every object that the format knows is there."""
    data = copy.deepcopy(instance(candidates(2)).to_json())
    interval = {"start_min": 5, "end_min": 9}
    data["experts"][0]["unavailable"] = [dict(interval)]
    data["closures"] = [{"start_min": 900, "end_min": 901}]
    data["max_parallel_sittings"] = 3
    data["candidates"][1] |= {
        "unavailable": [dict(interval)],
        "recused_expert_ids": ["e0"],
        "attendee_ids": ["e1"],
        "pin": {"sitting_id": "s0", "start_min": 20},
        "published": {"sitting_id": "s0", "start_min": 20},
        "wishes": [interval | {"is_avoided": True, "weight": 2}],
    }
    return data


def places(data: Any, path: str = "") -> list[tuple[str, Any, Any]]:
    """Return (path, container, key) of every value in the document."""
    found: list[tuple[str, Any, Any]] = []
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        here = f"{path}[{key}]" if isinstance(data, list) else f"{path}.{key}" if path else key
        found += [(here, data, key), *places(value, here)]
    return found


PATHS = [path for path, _, _ in places(whole_instance())]
REQUIRED = [
    *("experts", "panels", "sittings", "candidates", "experts[0].id", "panels[0].id", "sittings[0].id"),
    *("sittings[0].panel_id", "sittings[0].start_min", "sittings[0].end_min", "candidates[1].id"),
    *("candidates[1].duration_min", "candidates[1].pin.sitting_id", "candidates[1].pin.start_min"),
    *("experts[0].unavailable[0].start_min", "experts[0].unavailable[0].end_min", "objective[2][0].term"),
    *("candidates[1].published.sitting_id", "candidates[1].wishes[0].end_min", "closures[0].end_min"),
]


def changed(path: str, change: Callable[[Any, Any], None]) -> dict[str, Any]:
    data = whole_instance()
    for place, container, key in places(data):
        if place == path:
            change(container, key)
    return data


def test_the_whole_instance_is_right(tmp_path: Path) -> None:
    write_json(tmp_path / "in.json", whole_instance())
    assert read_instance(tmp_path / "in.json").to_json() == whole_instance()


@pytest.mark.parametrize("path", PATHS)
def test_wrong_type(path: str, refusal: Refusal) -> None:
    wrong: dict[type, Any] = {int: "7", bool: 1, str: 7, list: {}, dict: [], type(None): 7}

    def spoil(container: Any, key: Any) -> None:
        container[key] = wrong[type(container[key])]

    line = refusal(changed(path, spoil))
    assert line.startswith(f"{path}: 应为")
    assert " / expected " in line


@pytest.mark.parametrize("path", REQUIRED)
def test_missing_field(path: str, refusal: Refusal) -> None:
    line = refusal(changed(path, lambda container, key: container.pop(key)))
    assert line == f"{path}: 缺少该字段，请补上 / missing; add it\n"


@pytest.mark.parametrize("path", [path for path in PATHS if path.endswith(("_min", "weight"))])
def test_number_out_of_all_bounds(path: str, refusal: Refusal) -> None:
    line = refusal(changed(path, lambda container, key: container.__setitem__(key, 10**15)))
    assert line.startswith(f"{path}: 应在 -")
    assert refusal(changed(path, lambda container, key: container.__setitem__(key, 10**30))).startswith(
        f"{path}: 应在 -{EXACT_LIMIT} 与 {EXACT_LIMIT} 之间"
    )


CONTRADICTIONS: list[tuple[str, Any, str, str]] = [
    ("candidates[1].pin.sitting_id", "s9", "", "'s9' does not exist; define it"),
    ("candidates[1].recused_expert_ids", ["e1"], "candidates[1].attendee_ids", "'e1' is recused"),
    ("candidates[1].attendee_ids", ["e7"], "", "'e7' does not exist"),
    ("candidates[1].recused_expert_ids", ["e7"], "", "'e7' does not exist"),
    ("candidates[1].id", "c0", "", "'c0' is already used by candidates[0]"),
    ("candidates[1].id", "", "", "must be a text that is not empty"),
    ("candidates[1].duration_min", 0, "", "at least 1"),
    ("candidates[1].buffer_min", -1, "", "at least 0"),
    ("candidates[1].wishes[0].weight", 0, "", "at least 1"),
    ("candidates[1].wishes[0].end_min", 5, "", "must lie after start_min 5"),
    ("closures[0].end_min", 1, "", "must lie after start_min 900"),
    ("sittings[0].end_min", -5, "", "must lie after start_min 0"),
    ("sittings[0].panel_id", "p9", "", "'p9' does not exist"),
    ("panels[0].expert_ids", ["e0", "e0"], "panels[0].expert_ids[1]", "'e0' is already used"),
    ("panels[0].expert_ids", ["e9"], "panels[0].expert_ids[0]", "'e9' does not exist"),
    ("objective[1][0].term", "moved", "", "'moved' is already used by objective[0][0]"),
    ("objective[1][0].term", "beauty", "", "expected one of moved, opened"),
    ("objective[1][0].weight", 0, "", "at least 1"),
    ("objective[1]", [], "", "must name at least one term"),
    ("min_panel_size", -1, "", "at least 0"),
    ("max_parallel_sittings", 0, "", "at least 1"),
]


@pytest.mark.parametrize(("path", "value", "blamed", "problem"), CONTRADICTIONS)
def test_contradiction(path: str, value: Any, blamed: str, problem: str, refusal: Refusal) -> None:
    line = refusal(changed(path, lambda container, key: container.__setitem__(key, value)))
    assert line.startswith(f"{blamed or path}: ")
    assert problem in line


@pytest.mark.parametrize("path", ["", "candidates[1]", "candidates[1].pin", "experts[0].unavailable[0]"])
def test_unknown_field(path: str, refusal: Refusal) -> None:
    data = whole_instance()
    target = next((box[key] for place, box, key in places(data) if place == path), data)
    target["colour"] = "red"
    assert refusal(data).startswith(f"{path}.colour: 未知字段".removeprefix("."))


def test_a_hostile_key_stays_on_one_short_line(refusal: Refusal) -> None:
    assert refusal({"a\n\x1b[2J\u2028": 1}).startswith("a\\n\\x1b[2J\\u2028: 未知字段")
    assert len(refusal({"k" * 100_000: 1})) < 2000
    long_id = changed("sittings[0].panel_id", lambda box, key: box.__setitem__(key, "p" * 100_000))
    assert len(refusal(long_id)) < 2000


def spliced(old: str, new: str) -> str:
    text = json.dumps(whole_instance())
    assert old in text
    return text.replace(old, new)


TEXTS: list[tuple[str | bytes, str]] = [
    (spliced('"id": "c1"', '"id": "c1", "id": "c2"'), "candidates[1].id: 同一字段出现两次"),
    (spliced('"closures": ', '"closures": [], "closures": '), "closures: 同一字段出现两次"),
    (spliced('"buffer_min": 5', '"buffer_min": NaN'), "candidates[0].buffer_min: NaN 不是有限的数"),
    (spliced('"buffer_min": 5', '"buffer_min": -Infinity'), "candidates[0].buffer_min: -Infinity 不是"),
    (spliced('"buffer_min": 5', '"buffer_min": 1e999'), "candidates[0].buffer_min: 1e999 不是有限的数"),
    (spliced('"buffer_min": 5', '"buffer_min": 5.0'), "candidates[0].buffer_min: 应为整数"),
    (spliced('"buffer_min": 5', '"buffer_min": ' + "9" * 5000), "candidates[0].buffer_min: 应在"),
    (spliced('"category": "x"', '"category": "\\ud800"'), "candidates[0].category: '\\ud800' 含不完整的字符"),
    (spliced('"buffer_min": 5', '"\\udfff": 5'), "candidates[0]: '\\udfff' 含不完整的字符"),
    (json.dumps(whole_instance())[:-40], "line 1, column "),
    (spliced('"id": "c1",', '"id": "c1"'), "line 1, column "),
    ('{\n "experts": [],\n "panels: []}', "line 3, column 2: 文件不完整"),
    ("", "文件为空"),
    (" \n ", "文件为空"),
    ("[" * 100_000, "line 1, column 101: 嵌套超过 100 层"),
    ('{"experts": ' + "[" * 100_000 + "]" * 100_000 + "}", "line 1, column 112: 嵌套超过 100 层"),
    ('{"a": "[{", "experts":\n' + '{"a":' * 100_000, "line 2, column 496: 嵌套超过 100 层"),
    ("[" * 500 + "]" * 500, "应为对象"),
    ("7", "应为对象"),
    ("null", "应为对象"),
    (b'{"experts": [],\n "\xff": 1}', "line 2: 第 18 字节不是 UTF-8"),
    ("{}".encode("utf-16"), "line 1: 第 0 字节不是 UTF-8"),
    (b"\x00" * 100, "line 1, column 1: 不是合法的 JSON"),
]


@pytest.mark.parametrize(("content", "start"), TEXTS, ids=range(len(TEXTS)))
def test_text_that_is_no_instance(content: str | bytes, start: str, refusal: Refusal) -> None:
    assert refusal(content).startswith(start)


def test_a_truncated_file_is_called_truncated(refusal: Refusal) -> None:
    text = json.dumps(whole_instance())
    lines = [refusal(text[:length]) for length in range(1, len(text) - 1, 97)]
    assert all("truncated" in line or "not JSON" in line for line in lines)
    assert sum("truncated" in line for line in lines) > len(lines) / 2


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "in.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(whole_instance()).encode())
    assert read_instance(path).to_json() == whole_instance()


def test_a_file_of_a_gigabyte_is_refused_unread(refusal: Refusal, tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.truncate(2**30)
    assert main(["check", str(path), str(path)]) == 2
    assert f"文件超过 {BYTES_LIMIT // 2**20} MB" in capsys.readouterr().err


@pytest.mark.parametrize(("device", "words"), [("/dev/zero", "文件超过"), (os.devnull, "文件为空")])
def test_a_device_is_read_up_to_the_limit(device: str, words: str, capsys: Any) -> None:
    assert main(["check", device, device]) == 2
    assert words in capsys.readouterr().err


def test_places_that_are_no_files(tmp_path: Path, capsys: Any) -> None:
    for place, words in ((tmp_path, "Is a directory"), (tmp_path / "nowhere", "No such file or directory")):
        assert main(["check", str(place), str(place)]) == 2
        assert capsys.readouterr().err == f"{place}: 无法读取：{words} / cannot be read: {words}\n"


def test_targets_are_refused_before_the_work(tmp_path: Path, capsys: Any) -> None:
    source = tmp_path / "in.json"
    write_json(source, whole_instance())
    for target, words in (
        (tmp_path, "is a folder"),
        (tmp_path / "no" / "out.json", "make the folder"),
        (source, "is an input of this command"),
    ):
        assert main(["solve", str(source), "--out", str(target)]) == 2
        assert words in capsys.readouterr().err
    assert read_instance(source).to_json() == whole_instance()


def test_a_device_stays_a_device(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_json(pipe, {"a": 1})
    assert os.read(reader, 100) == b'{"a": 1}'
    os.close(reader)
    assert pipe.is_fifo()
