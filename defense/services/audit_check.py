"""Finding what was touched in the audit log: in any chain, its head, or a seal.

tools/verify_audit.py does the same without any of this code; tests hold the two to the same findings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from defense.domain.errors import InvalidInput
from defense.domain.text import Text
from defense.models import Seal
from defense.models.audit import MAIN_CHAIN
from defense.services.audit import CHAIN_BEGUN, AuditRecord, entry_digest, genesis_digest
from defense.services.audit_rows import EntryRow, HeadRow, entry_rows, head_rows, seal_rows, stored_moment
from defense.services.room.seal_check import SITTING_SEALED, ChainEnds, SealCheck, anchors_of, check_seals
from defense.services.room.sealing import results_differ

NAMELESS = "?"
"""Where entries and heads go whose chain cannot be read."""

FAULT_TEXT = {
    "unreadable": Text("第 {seq} 条无法读取", "entry {seq} cannot be read"),
    "number": Text(
        "第 {seq} 条的位置上不是该条：有记录被删除或插入",
        "another entry stands where number {seq} belongs: one was deleted or added",
    ),
    "link": Text("第 {seq} 条与上一条不衔接", "entry {seq} does not follow the one before it"),
    "content": Text("第 {seq} 条的内容被改动", "entry {seq} is not as it was written"),
    "no_head": Text(
        "共 {entries} 条，但该链没有链首登记", "{entries} entries, but the chain's head is missing"
    ),
    "head": Text("链首登记被改动", "the chain's head is not as it was written"),
    "cut_off": Text(
        "末尾被截去：从第 {seq} 条起缺失", "the end was cut off: entry {seq} and what followed are missing"
    ),
    "beyond_head": Text("第 {seq} 条起是另行添加的", "entry {seq} and what follows were added"),
    "printed": Text(
        "第 {seq} 条与打印的链首不符：其前的记录被改写",
        "entry {seq} is not the printed head: the entries up to it were rewritten",
    ),
    "printed_cut_off": Text(
        "打印的链首表明曾有更多记录：从第 {seq} 条起缺失",
        "the printed head knows more entries: number {seq} and what followed are missing",
    ),
    "gone": Text("整条链被删除", "the whole chain was deleted"),
    "not_begun": Text(
        "主链中没有该链的开始：整条链是另行添加的",
        "the main chain knows no beginning of this chain: it was added",
    ),
}

_PRINTED_HEAD = re.compile(r"([a-z]+(?::\d{1,10})?):(\d{1,10}):([0-9a-f]{64})", re.ASCII)


@dataclass(frozen=True)
class PrintedHead:
    """A head as the minutes show it: the chain had this entry at that number."""

    chain: str
    seq: int
    digest: str


@dataclass(frozen=True)
class ChainCheck:
    """What was found in one chain; `head_digest` is that of its last sound entry, `head_seq` its number."""

    chain: str
    entries: int
    head_seq: int
    head_digest: str
    broken_at_seq: int | None = None
    fault: str | None = None
    """A code of `FAULT_TEXT`; the first thing that is wrong."""

    @property
    def printed_head(self) -> str:
        """The head as the minutes print it and `parse_head` reads it."""
        return f"{self.chain}:{self.head_seq}:{self.head_digest}"

    @property
    def text(self) -> Text | None:
        """What is wrong, in words."""
        if self.fault is None:
            return None
        return FAULT_TEXT[self.fault].format(seq=self.broken_at_seq, entries=self.entries)


@dataclass(frozen=True)
class AuditCheck:
    """What was found in all chains and seals."""

    chains: tuple[ChainCheck, ...]
    seals: tuple[SealCheck, ...]

    @property
    def whole(self) -> bool:
        """Nothing was touched, as far as the database, the seals and the given heads can tell."""
        return not any(chain.fault for chain in self.chains) and not any(seal.fault for seal in self.seals)

    @property
    def entries(self) -> int:
        """How many entries there are."""
        return sum(chain.entries for chain in self.chains)


def parse_head(text: str) -> PrintedHead:
    """A head as printed, `chain:number:digest`; the digest may stand in groups.

    Raises
    ------
    InvalidInput
        It is not of that form.
    """
    found = _PRINTED_HEAD.fullmatch("".join(text.split()).lower())
    if found is None:
        raise InvalidInput(
            Text(
                f"无法识别链首“{text.strip()}”，应为“链名:序号:64 位摘要”，如会议记录所印。",
                f"“{text.strip()}” is not a head as minutes print it: chain:number:digest of 64 digits.",
            )
        )
    return PrintedHead(found[1], int(found[2]), found[3])


def parse_heads(lines: Iterable[str]) -> list[PrintedHead]:
    """The heads of a file, one a line; empty lines and those that begin with # do not count."""
    return [parse_head(line) for line in lines if line.strip() and not line.lstrip().startswith("#")]


def verify_audit(
    session: Session, heads: Iterable[PrintedHead] = (), public_keys: Collection[str] = ()
) -> AuditCheck:
    """Check every chain and every seal.

    On PostgreSQL the caller's transaction must see one moment of the database (`begin_snapshot`), or what
    is written meanwhile looks like a fault.

    Parameters
    ----------
    heads : heads as printed in minutes. Without one, the end of a chain that is not sealed may have been
        rewritten unnoticed by somebody who can write to the database.
    public_keys : the keys, in hex, whose seals are trusted (`trusted_keys`). What a seal says of its own key
        proves nothing: without any key no seal is trusted.
    """
    seals, heads = seal_rows(session), tuple(heads)
    log = _Log(anchors_of(seals) | {(head.chain, head.seq) for head in heads})
    for row in entry_rows(session):
        log.read(row)
    log.compare_with_stored(head_rows(session))
    for head in heads:
        log.compare_with_printed(head)
    log.compare_with_main()
    chains = [log.chains[name] for name in sorted(log.chains)]
    ends = {c.name: (c.seq, c.digest) for c in chains if c.entries == c.seq}
    checks = check_seals(seals, log.announced, ChainEnds(ends, log.digests), public_keys)
    return AuditCheck(
        tuple(ChainCheck(c.name, c.entries, c.seq, c.digest, *(c.fault or ())) for c in chains),
        tuple(_with_results(session, check) for check in checks),
    )


def _with_results(session: Session, check: SealCheck) -> SealCheck:
    """A sound seal is worth as much as the results still are what it was put under."""
    if check.fault is None:
        seal = session.get(Seal, int(check.chain.partition(":")[2]), populate_existing=True)
        if seal is None or results_differ(session, seal):
            return replace(check, fault="seal_results")
    return check


class _Chain:
    """A chain on the way through it."""

    def __init__(self, name: str) -> None:
        self.name, self.entries = name, 0
        self.seq, self.digest = 0, genesis_digest(name)
        self.fault: tuple[int, str] | None = None

    def read(self, row: EntryRow) -> None:
        """The next entry; after a fault they are only counted."""
        self.entries += 1
        if self.fault:
            return
        if code := self._fault_of(row):
            self.fault = (self.seq + 1, code)
        else:
            self.seq, self.digest = row.seq, str(row.digest)

    def blame(self, seq: int, code: str) -> None:
        """Note a fault, unless one was found before."""
        self.fault = self.fault or (seq, code)

    def _fault_of(self, row: EntryRow) -> str | None:
        record, at = _record_of(row), stored_moment(row.at)
        if self.name == NAMELESS or record is None or at is None:
            return "unreadable"
        if row.seq != self.seq + 1:
            return "number"
        if row.previous_digest != self.digest:
            return "link"
        try:
            written = entry_digest(row.seq, at, record, self.digest)
        except (ValueError, RecursionError):
            return "unreadable"
        return None if row.digest == written else "content"


class _Log:
    """All chains, and what the main chain says about the others."""

    def __init__(self, wanted: set[tuple[str, int]]) -> None:
        self.chains = {MAIN_CHAIN: _Chain(MAIN_CHAIN)}
        self.digests: dict[tuple[str, int], str] = {}
        self.announced: dict[str, list[object]] = {}
        self._wanted, self._begun = wanted, {MAIN_CHAIN}

    def read(self, row: EntryRow) -> None:
        """The next entry of its chain."""
        chain = self._chain(row.chain)
        chain.read(row)
        if (chain.name, chain.seq) in self._wanted:
            self.digests[chain.name, chain.seq] = chain.digest
        if chain.name == MAIN_CHAIN and (record := _record_of(row)):
            if record.action == CHAIN_BEGUN:
                self._begun.add(record.subject)
            elif record.action == SITTING_SEALED:
                self.announced.setdefault(record.subject, []).append(record.detail.get("seal"))

    def compare_with_stored(self, heads: Iterable[HeadRow]) -> None:
        """Whether each chain ends where its head says."""
        stored = {self._chain(head.chain).name: head for head in heads}
        for name, chain in self.chains.items():
            head = stored.get(name)
            if head is None:
                if chain.entries:
                    chain.blame(chain.entries + 1, "no_head")
            elif not isinstance(head.seq, int):
                chain.blame(chain.entries + 1, "head")
            elif head.seq > chain.entries:
                chain.blame(chain.entries + 1, "cut_off")
            elif head.seq < chain.entries:
                chain.blame(head.seq + 1, "beyond_head")
            elif head.digest != chain.digest:
                chain.blame(chain.entries + 1, "head")

    def compare_with_printed(self, head: PrintedHead) -> None:
        """Whether a chain still has the entry that somebody has on paper."""
        chain = self._chain(head.chain)
        if chain.entries < head.seq:
            chain.blame(chain.entries + 1, "printed_cut_off")
        elif self.digests.get((head.chain, head.seq)) != head.digest:
            chain.blame(head.seq, "printed")

    def compare_with_main(self) -> None:
        """Whether every chain that was begun is there, and no other."""
        for name in self._begun:
            if not self._chain(name).entries and name != MAIN_CHAIN:
                self.chains[name].blame(1, "gone")
        for name in self.chains.keys() - self._begun:
            self.chains[name].blame(1, "not_begun")

    def _chain(self, name: str | None) -> _Chain:
        name = NAMELESS if name is None else name
        return self.chains.setdefault(name, _Chain(name))


def _record_of(row: EntryRow) -> AuditRecord | None:
    """What an entry says; None when somebody put something there that we never write."""
    if row.action is None or row.subject is None or not isinstance(row.account_id, int | None):
        return None
    try:
        detail = json.loads(row.detail or "", object_pairs_hook=_single_keys)
    except (ValueError, RecursionError):
        return None
    return AuditRecord(row.action, row.subject, detail, row.account_id) if isinstance(detail, dict) else None


def _single_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key twice")
    return found
