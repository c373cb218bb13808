"""The commands of whoever looks after an installation: accounts, links, what stops the start."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.cli.support import (
    settings,
    told_errors,
    writing,
)
from defense.domain.errors import DomainError, NotFound
from defense.domain.text import Text
from defense.integrations.nginx import nginx_config
from defense.models import Account
from defense.services.access import Role, create_account, issue_link
from defense.settings import PROJECT_DIR


@click.command("create-account")
@click.argument("username")
@click.option("--role", type=click.Choice(["staff", "secretary", "supervisor"]), default="staff")
@click.option("--name", default="", help="Name shown on the pages; default: the user name.")
@click.password_option()
@told_errors
def create_account_command(username: str, role: str, name: str, password: str) -> None:
    """Make an account of the office; asks for its password."""
    with writing() as session:
        create_account(session, Role(role), name or username, username, password)
    click.echo(f"{role}: {username}")


@click.command("sign-in-link")
@click.argument("username")
@told_errors
def sign_in_link(username: str) -> None:
    """Print a personal link for an account of the office, such as one that forgot its password."""
    with writing() as session:
        account = session.scalar(select(Account).where(Account.username == username, Account.active))
        if account is None:
            raise NotFound(Text(f"没有用户“{username}”。", f"There is no account “{username}”."))
        click.echo(personal_link(session, account))


@click.command("preflight")
def preflight() -> None:
    """Say what would stop the service from starting."""
    own = settings()
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((own.host, own.port))
        except OSError as error:
            raise click.ClickException(
                f"{own.host}:{own.port} cannot be used ({error.strerror}). "
                f"Stop the other program, or choose another port: PORT={own.port + 1} make run"
            ) from error
    if not (PROJECT_DIR / "defense" / "static" / "vendor" / "socket.io.min.js").is_file():
        raise click.ClickException("The front-end libraries are missing: run make setup")


@click.command("nginx-config")
@click.option("--workers", required=True, help="Their addresses, such as 127.0.0.1:8001,127.0.0.1:8002.")
@click.option("--listen", default="8000", show_default=True, help="Port, or address:port.")
@click.option("--server-name", default="_", help="Host name of the service.")
@click.option("--log-dir", default="/var/log/nginx", show_default=True)
@click.option("--certificate", help="File; nginx then speaks HTTPS.")
@click.option("--certificate-key", help="File.")
def nginx_config_command(workers: str, **options: str | None) -> None:
    """Print the configuration of nginx in front of several workers (docs/deployment.md)."""
    try:
        click.echo(nginx_config(workers.split(","), settings().upload_max_mb, **options))  # type: ignore[arg-type]
    except DomainError as error:
        raise click.ClickException(str(error.text)) from error


def personal_link(session: Session, account: Account) -> str:
    """A new personal link of an account, as a whole address."""
    expires_at = datetime.now(UTC) + timedelta(days=settings().link_days)
    return settings().public_url + issue_link(session, account, expires_at)


INSTALLATION_COMMANDS = (create_account_command, sign_in_link, preflight, nginx_config_command)
