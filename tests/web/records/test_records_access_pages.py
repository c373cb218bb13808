"""Who may open what: every page and form of the records, for every role."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

READ = [
    "/rounds/2021/import",
    "/rounds/2021/import/1",
    "/rounds/2021/applications",
    "/applications/1",
    "/rounds/2021/people",
    "/rounds/2021/results",
    "/rounds/2021/invites",
    "/rounds/2021/invites?state=telephone",
    "/audit",
]
STAFF_READ = ["/accounts", "/rounds/2021/import/template/experts.xlsx"]
WRITE = [
    "/rounds/2021/import",
    "/rounds/2021/import/1",
    "/applications/1/requirement",
    "/applications/1/validity",
    "/applications/1/fee",
    "/applications/1/recusals",
    "/applications/1/link",
    "/applications/1/personal",
    "/rounds/2021/results/release",
    "/rounds/2021/people/experts/1/link",
    "/rounds/2021/people/experts/1/revoke",
    "/accounts",
    "/accounts/1/active",
    "/accounts/1/link",
    "/accounts/1/revoke",
]
OUTSIDERS = ("secretary", "expert0", "candidate0")


def test_staff_and_supervisor_read(enter: Callable[[str], FlaskClient]) -> None:
    for name in ("staff", "supervisor"):
        client = enter(name)
        for url in READ:
            assert client.get(url).status_code == 200, (name, url)
    for url in STAFF_READ:
        assert enter("staff").get(url).status_code == 200, url
        assert enter("supervisor").get(url).status_code == 403, url


@pytest.mark.parametrize("name", OUTSIDERS)
def test_everybody_else_is_refused(enter: Callable[[str], FlaskClient], name: str) -> None:
    client = enter(name)
    for url in READ + STAFF_READ:
        assert client.get(url).status_code == 403, url


@pytest.mark.parametrize("name", ("supervisor", *OUTSIDERS))
def test_only_staff_write(enter: Callable[[str], FlaskClient], name: str) -> None:
    client = enter(name)
    for url in WRITE:
        assert client.post(url, data={"reason": "x", "decision": "required"}).status_code == 403, url


def test_a_stranger_is_sent_to_sign_in(published_app: Flask) -> None:
    client = published_app.test_client()
    for url in READ + STAFF_READ:
        response = client.get(url)
        assert (response.status_code, response.location.split("?")[0]) == (302, "/login"), url
    for url in WRITE:
        assert client.post(url).status_code == 401, url


def test_the_supervisors_pages_offer_no_form_that_writes(enter: Callable[[str], FlaskClient]) -> None:
    client = enter("supervisor")
    for url in READ:
        main = client.get(url).get_data(as_text=True).split("<main", 1)[1]
        forms = re.findall(r'<form[^>]* method="post"[^>]*>', main)
        # Whoever takes a table or a document writes in the audit log, and there alone.
        assert [
            form for form in forms if not re.search(r'action="[^"?]+\.(xlsx|docx|zip)[?"]', form)
        ] == [], url


def test_forms_without_their_token_are_refused(
    published_app: Flask, enter: Callable[[str], FlaskClient]
) -> None:
    client = enter("staff")
    published_app.config["WTF_CSRF_ENABLED"] = True
    for url in WRITE:
        assert client.post(url, data={"reason": "x", "decision": "required"}).status_code == 400, url
