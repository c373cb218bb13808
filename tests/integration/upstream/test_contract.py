"""The platform keeps docs/upstream-openapi.yaml, whatever is asked of it (schemathesis)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import schemathesis.openapi
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import one_of
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from defense.domain.application import ApplicationRecord
from tests.contract import FILE, contract, faults_in, schemas_of
from tests.upstream_platform import Platform, serving

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
CASES = settings(
    max_examples=40,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
TAKING = {200, 400, 401, 404, 412, 428}
SEEN = {
    "GET /rounds/{round}/applications": {200, 400, 401},
    "GET /rounds/{round}/applications/{number}": {200, 401, 404},
    "GET /rounds/{round}/applications/{number}/fee": {200, 401, 404},
    "GET /attachments/{id}": {200, 401, 404},
    "PUT /rounds/{round}/applications/{number}/decision": TAKING,
    "PUT /rounds/{round}/applications/{number}/result": TAKING,
}
"""What has to be among the answers, or too little was asked."""
OPERATIONS = {
    found.ok().label: found.ok() for found in schemathesis.openapi.from_path(FILE).get_all_operations()
}


@pytest.fixture(scope="module")
def held(platform_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform that all of these tests talk to."""
    file = tmp_path_factory.mktemp("contract") / "platform.sqlite3"
    file.write_bytes(platform_file.read_bytes())
    with serving(file) as platform:
        yield platform


def about_something_held(
    case: schemathesis.Case, platform: Platform, turn: int, is_newest: bool | None = None
) -> None:
    """Names in the path that lead somewhere, and the newest entity tag, by turns an old one or none."""
    number, record = list(platform.records().items())[turn % 3]
    known = {"round": "2021", "number": number, "id": record["attachments"][0]["upstream_id"]}
    case.path_parameters = {name: known[name] for name in case.path_parameters}
    if case.method == "PUT":
        case.headers["Idempotency-Key"] = str(uuid.UUID(int=turn))
        newest = turn % 3 if is_newest is None else is_newest
        case.headers["If-Match"] = platform.item(number)["etag"] if newest else '"0"'
        if turn % 5 == 0 and not is_newest:
            del case.headers["If-Match"]


@pytest.mark.parametrize("label", SEEN)
def test_every_answer_is_one_of_the_contract(label: str, held: Platform) -> None:
    answers: list[int] = []
    token = held.inside.keys.new_token()
    wanted, unwanted = (OPERATIONS[label].as_strategy(generation_mode=mode) for mode in GenerationMode)

    @CASES
    @given(case=one_of(wanted, unwanted))
    def ask(case: schemathesis.Case) -> None:
        if len(answers) % 4:
            about_something_held(case, held, len(answers))
        case.headers["Authorization"] = "" if len(answers) % 10 == 9 else f"Bearer {token}"
        answer = case.call(base_url=f"{held.url}/api/v1", timeout=5)
        answers.append(answer.status_code)
        case.validate_response(answer, checks=CHECKS)
        if case.method == "PUT" and answer.status_code == 200:
            wanted_body = {"$ref": f"#/components/schemas/{label.rpartition('/')[2].capitalize()}"}
            assert not faults_in(contract(), wanted_body, case.body), "what is taken is of the contract"

    # The cases depend on what else this process has loaded, so some of the good ones are asked for.
    @settings(CASES, max_examples=20)
    @given(case=wanted)
    def ask_rightly(case: schemathesis.Case) -> None:
        about_something_held(case, held, len(answers), is_newest=True)
        case.headers["Authorization"] = f"Bearer {token}"
        answer = case.call(base_url=f"{held.url}/api/v1", timeout=5)
        answers.append(answer.status_code)
        case.validate_response(answer, checks=CHECKS)

    ask()
    ask_rightly()
    assert SEEN[label] <= set(answers)


def test_every_operation_is_asked() -> None:
    assert OPERATIONS.keys() == SEEN.keys()


def test_record_of_the_contract_is_the_services_own() -> None:
    """Names, types, and what may be missing, of the record and of all of its parts."""
    wanted: dict[str, Any] = {}
    schemas_of(ApplicationRecord, wanted)
    told = contract()["components"]["schemas"]
    assert {name: told.get(name) for name in wanted} == wanted
