"""Checking seals against the main chain, the chains they were put under, and their signatures."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from defense.domain.text import Text
from defense.models.audit import MAIN_CHAIN
from defense.services.audit import sitting_chain
from defense.services.audit_rows import SealRow, stored_moment
from defense.services.room.seals import seal_digest, signature_holds

SITTING_SEALED = "sitting.sealed"
"""The main chain's entry about a seal."""

SEAL_FAULT_TEXT = {
    "seal_missing": Text(
        "主链记载本场已封存，但封存记录不见了", "the main chain knows a seal, but it is gone"
    ),
    "seal_unknown": Text("主链中没有本次封存的记载", "the main chain knows nothing of this seal"),
    "seal_twice": Text("主链中有两次封存的记载", "the main chain knows two seals"),
    "seal_changed": Text("封存记录被改动", "the seal is not as it was written"),
    "seal_statement": Text(
        "封存声明与封存的链首不一致", "the sealed statement names another head than the seal"
    ),
    "seal_results": Text("答辩结果与封存时不同", "the results are not those that were sealed"),
    "seal_signature": Text("封存签名无效", "the signature does not hold"),
    "seal_key": Text(
        "封存所用的密钥不是本服务的密钥（SEAL_KEY、SEAL_PUBLIC_KEYS）或给出的公钥",
        "made with another key than the service's (SEAL_KEY, SEAL_PUBLIC_KEYS) or those that were given",
    ),
    "seal_head": Text(
        "本场记录与封存时不同：封存后被改写、截短或添加",
        "the sitting's chain is not as it was sealed: rewritten, cut off or added to",
    ),
    "seal_main_head": Text(
        "主链与封存时不同：封存前的记录被改写或截去",
        "the main chain is not as it was when the seal was put: entries before it were rewritten or cut off",
    ),
}


@dataclass(frozen=True)
class SealCheck:
    """What was found about one seal."""

    chain: str
    public_key: str | None = None
    fault: str | None = None
    """A code of `SEAL_FAULT_TEXT`; the first thing that is wrong."""

    @property
    def text(self) -> Text | None:
        """What is wrong, in words."""
        return SEAL_FAULT_TEXT[self.fault] if self.fault else None


@dataclass(frozen=True)
class ChainEnds:
    """What the walk through the chains found, as far as seals need it."""

    ends: Mapping[str, tuple[int, str]]
    """Chain → number and digest of its last entry, of chains that are sound from end to end."""
    digests: Mapping[tuple[str, int], str]
    """The digests at the places that `anchors_of` asked for."""


def anchors_of(seals: Iterable[SealRow]) -> set[tuple[str, int]]:
    """The places in the main chain whose digests seals vouch for."""
    heads = (_heads_of(row) for row in seals)
    return {(MAIN_CHAIN, main[0]) for _chain, main in filter(None, heads)}


def check_seals(
    seals: Sequence[SealRow],
    announced: Mapping[str, Sequence[object]],
    found: ChainEnds,
    public_keys: Collection[str],
) -> tuple[SealCheck, ...]:
    """Check every seal that there is or should be.

    Parameters
    ----------
    announced : chain of a sitting → digests of its seals that the main chain knows.
    public_keys : the trusted ones, in hex.
    """
    rows = {sitting_chain(row.sitting_id): row for row in seals}
    checks = []
    for chain in sorted(rows.keys() | announced.keys()):
        row = rows.get(chain)
        fault = _announcement_fault(row, announced.get(chain, ()), public_keys)
        if row and not fault:
            fault = _signature_fault(row) or _chain_fault(chain, row, found)
        checks.append(SealCheck(chain, row.public_key if row else None, fault))
    return tuple(checks)


def _announcement_fault(
    row: SealRow | None, announced: Sequence[object], public_keys: Collection[str]
) -> str | None:
    if row is None:
        return "seal_missing"
    if len(announced) != 1:
        return "seal_twice" if announced else "seal_unknown"
    # Before all else that the row says: a stranger's key says that the rest is a stranger's, too.
    if row.public_key not in public_keys:
        return "seal_key"
    return None if _digest_of(row) == announced[0] else "seal_changed"


def _signature_fault(row: SealRow) -> str | None:
    holds = signature_holds(str(row.public_key), str(row.statement), str(row.signature))
    return None if holds else "seal_signature"


def _chain_fault(chain: str, row: SealRow, found: ChainEnds) -> str | None:
    heads = _heads_of(row)
    if heads is None or heads[0] != (chain, row.chain_seq, row.chain_digest):
        return "seal_statement"
    if found.ends.get(chain) != (row.chain_seq, row.chain_digest):
        return "seal_head"
    main_seq, main_digest = heads[1]
    return None if found.digests.get((MAIN_CHAIN, main_seq)) == main_digest else "seal_main_head"


def _digest_of(row: SealRow) -> str | None:
    sealed_at = stored_moment(row.sealed_at)
    return None if sealed_at is None or None in row else seal_digest(row[:-1], sealed_at)


def _heads_of(row: SealRow) -> tuple[tuple[str, int, str], tuple[int, str]] | None:
    """The head of the sitting's chain and of the main chain that a statement names."""
    try:
        statement: Any = json.loads(row.statement or "")
        chain, main = statement["chain"], statement["main_chain"]
        heads = (chain["name"], chain["seq"], chain["digest"]), (main["seq"], main["digest"])
        hash(heads)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return heads
