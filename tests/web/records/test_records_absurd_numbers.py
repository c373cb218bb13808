"""Numbers that no database can hold are answered like any other wrong number."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

ABSURD = (2**31, 2**62, 2**63, 10**30, -(10**30), "9" * 5_000)


@pytest.mark.parametrize("page", ABSURD)
@pytest.mark.parametrize("address", ["/audit", "/rounds/2021/applications"])
def test_pages_that_are_not_there_become_the_nearest(
    enter: Callable[[str], FlaskClient], address: str, page: object
) -> None:
    assert enter("staff").get(f"{address}?page={page}").status_code == 200


@pytest.mark.parametrize("expert_id", ABSURD)
def test_an_expert_who_cannot_be_is_refused(enter: Callable[[str], FlaskClient], expert_id: object) -> None:
    form = {"expert_id": str(expert_id), "reason": "师生"}
    assert enter("staff").post("/applications/1/recusals", data=form).status_code == 422
