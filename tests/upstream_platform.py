"""The upstream platform as a real server, and what a test may do to it behind its contract."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from defense.domain.round_rules import RoundRules, parse_round_rules
from defense.services.rounds import RULE_FILES_DIR
from sandbox.api import Platform as Inside
from sandbox.inventing import fill
from sandbox.keys import Client, Clock, Keys, sign
from sandbox.serving import server_of
from sandbox.store import Store


def rules_of_2021() -> RoundRules:
    """The rules of the round that the platform holds."""
    return parse_round_rules((RULE_FILES_DIR / "2021.toml").read_text(encoding="utf-8"))


class Platform:
    """The client's credentials, and what is done behind the contract."""

    def __init__(self, inside: Inside, url: str) -> None:
        self.inside, self.url = inside, url
        self.client_id, self.secret = inside.keys.client.id, inside.keys.client.secret
        self.auth = inside.auth

    @property
    def environ(self) -> dict[str, str]:
        """The settings with which the service talks to it."""
        names = ("CLIENT_ID", "CLIENT_SECRET") if self.auth == "oauth2" else ("KEY_ID", "KEY")
        return {
            "UPSTREAM_URL": self.url,
            "UPSTREAM_AUTH": self.auth,
            f"UPSTREAM_{names[0]}": self.client_id,
            f"UPSTREAM_{names[1]}": self.secret,
        }

    def records(self, round_: str = "2021") -> dict[str, dict[str, Any]]:
        """Number → the record as the platform has it."""
        items = self.inside.store.changed_since(round_, 0, 10**6)
        return {item.number: item.record for item in items}

    def item(self, number: str, round_: str = "2021") -> dict[str, Any]:
        """One application with its entity tag and status."""
        item = self.inside.store.find(round_, number)
        assert item is not None
        return item.to_json()

    def change(self, number: str, status: str | None = None, round_: str = "2021", **fields: Any) -> str:
        """Change fields of a record as people at the platform do; returns the new entity tag."""
        before = self.inside.store.find(round_, number)
        record = (before.record if before else {}) | fields | {"number": number}
        new_status = status or (before.status if before else "approved")
        return self.inside.store.put(round_, record, new_status).etag

    def pay_fee(self, number: str, paid_on: str, payer: str, receipt_number: str = "") -> str:
        """The fee comes in; returns the new entity tag."""
        payment = {"paid_on": paid_on, "payer": payer, "receipt_number": receipt_number}
        return self.change(number, fee_paid=True, fee_payment=payment)

    def spoil_attachment(self, id_: str, data: bytes) -> None:
        """Other bytes stand in the place of a file."""
        self._ask("PUT", f"attachments/{id_}", data=data)

    def take_attachment_away(self, id_: str) -> None:
        """The file is gone."""
        self._ask("DELETE", f"attachments/{id_}")

    def told(self) -> list[dict[str, Any]]:
        """Everything that was taken, in order."""
        return [vars(one) for one in self.inside.store.all_told()]

    def put(self, path: str, body: Any) -> None:
        """Use a debugging address: `faults`, `lies`, `keys`."""
        self._ask("PUT", path, json=body)

    def _ask(self, method: str, path: str, **more: Any) -> None:
        answer = requests.request(
            method,
            f"{self.url}/sandbox/{path}",
            headers={"X-Sandbox-Key": self.inside.debug_key},
            timeout=5,
            **more,
        )
        answer.raise_for_status()

    def set_faults(self, seed: int = 0, hold_s: float = 1.5, at_gate: bool = False, **shares: float) -> None:
        """E.g. `set_faults(cut=0.1, f429=0.1)`: a name that begins with a digit has an f before it."""
        plain = {(k[1:] if k[0] == "f" and k[1:].isdecimal() else k): share for k, share in shares.items()}
        self.put("faults", {"shares": plain, "seed": seed, "hold_s": hold_s, "at_gate": at_gate})

    def set_lies(self, **lies: Any) -> None:
        """See `sandbox.faults.Lies`; without any it speaks the truth again."""
        self.put("lies", lies)


class Caller:
    """A client that does just what the contract says: the tests' own, not the service's."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self._token = ""

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        """One request to a path below `/api/v1`, signed or with a token."""
        request = requests.Request(method, f"{self.platform.url}/api/v1{path}", **more).prepare()
        request.headers.update(self._signature(request))
        with requests.Session() as session:
            return session.send(request, timeout=5)

    def _signature(self, request: requests.PreparedRequest) -> dict[str, str]:
        if self.platform.auth == "oauth2":
            if not self._token:
                answer = requests.post(
                    f"{self.platform.url}/oauth/token",
                    data={"grant_type": "client_credentials"},
                    auth=(self.platform.client_id, self.platform.secret),
                    timeout=5,
                )
                self._token = answer.json()["access_token"]
            return {"Authorization": f"Bearer {self._token}"}
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        stamp, nonce = str(int(time.time())), secrets.token_hex(16)
        assert request.method is not None
        signature = sign(self.platform.secret, request.method, request.path_url, stamp, nonce, body)
        return {
            "X-Key-Id": self.platform.client_id,
            "X-Timestamp": stamp,
            "X-Nonce": nonce,
            "X-Signature": signature,
        }


def filled_file(directory: Path, applications: int = 24, seed: int = 1) -> Path:
    """The database of a platform with invented applications."""
    file = directory / "platform.sqlite3"
    fill(Store(file), rules_of_2021(), applications, seed)
    return file


@contextmanager
def serving(file: Path, auth: str = "oauth2", rate: float = 0.0) -> Iterator[Platform]:
    """A platform on that database, served until the block ends."""
    store = Store(file)
    inside = Inside(store, Keys(Client("centre", secrets.token_urlsafe(18)), Clock(), rate=rate), auth)
    server = server_of(inside, "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield Platform(inside, f"http://127.0.0.1:{server.port}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
