"""Work that keeps a processor busy, in a thread, so that the rooms go on meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import gevent

P = ParamSpec("P")
R = TypeVar("R")


def run_aside(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run it in one of the hub's threads; no transaction is open meanwhile, and it uses no session.

    An exception of it comes out here. It is carried as a value, since the hub would print it, and what is
    printed is in the log.
    """
    result: R | BaseException = gevent.get_hub().threadpool.apply(_outcome, (work, args, kwargs))
    if isinstance(result, BaseException):
        raise result
    return result


def _outcome(
    work: Callable[..., R], args: tuple[object, ...], kwargs: dict[str, object]
) -> R | BaseException:
    try:
        return work(*args, **kwargs)
    except Exception as error:
        return error
