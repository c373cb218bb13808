"""A published half-day with two candidates from upstream; and the platform itself, served."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from defense.extensions import db
from defense.models import Application, UpstreamDelivery, UpstreamHold
from defense.services.access import Principal, Role, create_account
from tests.invite_world import World
from tests.upstream_platform import Caller, Platform, filled_file, serving


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """A session on an empty migrated database."""
    with app.app_context(), sessionmaker(db.engine)() as session:
        yield session


@pytest.fixture
def world(app: Flask, session: Session) -> World:
    world = World(session, app.extensions["settings"])
    for candidate in world.candidates:
        session.add(UpstreamHold(application_id=candidate.id, etag=f"{candidate.number}-1"))
    session.commit()
    return world


@pytest.fixture
def staff_id(world: World) -> int:
    return world.staff_id()


def enter(session: Session, role: Role, name: str) -> Principal:
    account = create_account(session, role, name, role.value + "-x", None)
    session.commit()
    return Principal(account.id, role, name, "", None, None)


@pytest.fixture
def chair(session: Session, world: World) -> Principal:
    """Who conducts the half-day."""
    return enter(session, Role.STAFF, "周秘书")


@pytest.fixture
def supervisor(session: Session, world: World) -> Principal:
    return enter(session, Role.SUPERVISOR, "赵监督")


@pytest.fixture
def deliveries(session: Session) -> Callable[[Application], list[UpstreamDelivery]]:
    """What is told of an application, in its order."""

    def find(application: Application) -> list[UpstreamDelivery]:
        session.commit()  # or what others wrote since is not seen
        query = select(UpstreamDelivery).where(UpstreamDelivery.application_id == application.id)
        return list(
            session.scalars(
                query.order_by(UpstreamDelivery.sequence).execution_options(populate_existing=True)
            )
        )

    return find


@pytest.fixture(scope="session")
def platform_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of a platform with invented applications; tests take copies."""
    return filled_file(tmp_path_factory.mktemp("platform"))


@pytest.fixture
def platform(tmp_path: Path, platform_file: Path) -> Iterator[Platform]:
    """A platform with invented applications that wants tokens."""
    with serving(Path(shutil.copy(platform_file, tmp_path))) as platform:
        yield platform


@pytest.fixture
def caller(platform: Platform) -> Caller:
    return Caller(platform)
