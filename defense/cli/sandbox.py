"""The command that runs an upstream platform to try the service against."""

from __future__ import annotations

import secrets
from pathlib import Path

import click

from defense.cli.support import named_errors
from defense.domain.errors import InvalidInput
from defense.domain.round_rules import parse_round_rules
from defense.domain.text import Text
from defense.services.rounds import RULE_FILES_DIR
from sandbox.api import Platform
from sandbox.faults import Faults
from sandbox.inventing import fill
from sandbox.keys import Client, Clock, Keys
from sandbox.serving import server_of
from sandbox.store import Store


@click.command("upstream-sandbox")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8090, show_default=True, help="0 for any that is free.")
@click.option("--database", type=click.Path(dir_okay=False, path_type=Path), required=True)
@click.option("--round", "code", default="2021", show_default=True)
@click.option(
    "--applications",
    default=200,
    show_default=True,
    help="To invent where there are none.",
)
@click.option("--seed", default=1, show_default=True)
@click.option("--auth", type=click.Choice(["oauth2", "hmac"]), default="oauth2", show_default=True)
@click.option("--client-id", default="centre", show_default=True)
@click.option("--secret", help="What the client knows; invented when it is not given.")
@click.option("--faults", default="", help="E.g. timeout=0.05,429=0.1,500=0.05,cut=0.05,cut_after=0.05")
@click.option("--fault-seed", default=7, show_default=True)
@click.option("--hold", default=30.0, show_default=True, help="Seconds that a fault `timeout` hangs.")
@click.option("--rate", default=0.0, show_default=True, help="Requests a second; 0 for no limit.")
@named_errors
def upstream_sandbox(
    host: str, port: int, database: Path, code: str, applications: int, seed: int, auth: str,
    client_id: str, secret: str | None, faults: str, fault_seed: int, hold: float, rate: float,
) -> None:  # fmt: skip
    """Serve a small management platform with invented applications, until it is interrupted."""
    try:
        wanted_faults = Faults.parse(faults, fault_seed, hold)
    except ValueError as error:
        raise InvalidInput(Text(f"--faults：{error}", f"--faults: {error}")) from error
    rules_file = RULE_FILES_DIR / f"{code}.toml"
    if not rules_file.is_file():
        raise InvalidInput(
            Text(f"没有批次规则文件 {rules_file.name}", f"there is no rule file {rules_file.name}")
        )
    store = Store(database)
    if applications and not store.count(code):
        fill(store, parse_round_rules(rules_file.read_text(encoding="utf-8")), applications, seed)
    click.echo(f"{code}：{store.count(code)} 份虚构的申报 / invented applications of the round")
    client = Client(client_id, secret or secrets.token_urlsafe(18))
    platform = Platform(store, Keys(client, Clock(), rate=rate), auth, wanted_faults)
    server = server_of(platform, host, port)
    click.echo(_how_to_connect(platform, f"http://{host}:{server.port}"))
    server.serve_forever()


def _how_to_connect(platform: Platform, url: str) -> str:
    """What a newcomer does next."""
    names = ("CLIENT_ID", "CLIENT_SECRET") if platform.auth == "oauth2" else ("KEY_ID", "KEY")
    client = platform.keys.client
    return f"""所持数据的页面 / a page of what it holds: {url}/
服务的设置 / settings of the service (docs/upstream.md):

  export UPSTREAM_URL={url}
  export UPSTREAM_AUTH={platform.auth}
  export UPSTREAM_{names[0]}={client.id}
  export UPSTREAM_{names[1]}={client.secret}

调试地址的口令 / for the addresses under {url}/sandbox/ send X-Sandbox-Key: {platform.debug_key}
按 Ctrl-C 结束 / Ctrl-C ends it."""


SANDBOX_COMMANDS = (upstream_sandbox,)
