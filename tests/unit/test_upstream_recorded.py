"""Answers of the platform that were recorded once: of the contract's form, and still given."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from defense.domain.record_json import record_from_json, record_to_json
from sandbox.record import people_of, record
from tests.contract import contract, faults_in

DIRECTORY = Path(__file__).parent.parent / "data" / "upstream"
FILES = sorted(DIRECTORY.glob("*.json"))


def exchange_of(file: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return read


RECORDED = {file.stem: exchange_of(file) for file in FILES}
OF_CONTRACT = {name: one for name, one in RECORDED.items() if one["request"]["path"].startswith("/api/v1")}


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    """What a reference of the contract leads to."""
    while "$ref" in part:
        target: Any = contract()
        for step in part["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        part = target
    return part


def operation_of(request: dict[str, Any]) -> dict[str, Any]:
    path = request["path"].removeprefix("/api/v1").partition("?")[0]
    (found,) = (
        operations
        for template, operations in contract()["paths"].items()
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path)
    )
    operation: dict[str, Any] = found[request["method"].lower()]
    return operation


@pytest.mark.parametrize("name", OF_CONTRACT)
def test_recorded_answer_is_of_the_contract(name: str) -> None:
    request, answer = OF_CONTRACT[name]["request"], OF_CONTRACT[name]["answer"]
    responses = operation_of(request)["responses"]
    status = str(answer["status"])
    told = resolved(responses.get(status) or responses[f"{status[0]}XX"])
    for header, wanted in told.get("headers", {}).items():
        assert header in answer["headers"] or not resolved(wanted).get("required")
    media_type = answer["headers"].get("Content-Type", "").partition(";")[0]
    if not told.get("content"):
        assert answer["body"] is None
        return
    assert faults_in(contract(), told["content"][media_type].get("schema", {}), answer["body"]) == []


def test_every_answer_of_the_contract_was_recorded() -> None:
    """But the ones that say in other places what is recorded in one."""
    statuses = {one["answer"]["status"] for one in OF_CONTRACT.values()}
    assert statuses == {200, 304, 400, 401, 404, 409, 410, 412, 422, 428, 429, 503}
    asked = {operation_of(one["request"])["operationId"] for one in OF_CONTRACT.values()}
    every = (one for path in contract()["paths"].values() for one in path.values())
    told = {one["operationId"] for one in every if "operationId" in one}
    assert asked == told


def test_the_platform_still_answers_so() -> None:
    """`python -m sandbox.record tests/data/upstream` records anew what was meant to change."""
    assert record(people_of(RECORDED)) == RECORDED


def test_recorded_records_are_the_services_own() -> None:
    people = people_of(RECORDED)
    assert len(people) == 3
    for one in people:
        assert record_to_json(record_from_json(one)) == one


def test_the_platform_records_people_of_its_own_invention_too() -> None:
    assert record().keys() == RECORDED.keys()


def test_recorded_attachment_is_whole() -> None:
    record_ = RECORDED["application"]["answer"]["body"]["record"]
    data = base64.b64decode(RECORDED["attachment"]["answer"]["body"])
    assert hashlib.sha256(data).hexdigest() == record_["attachments"][0]["sha256"]
