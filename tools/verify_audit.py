#!/usr/bin/env python3
"""审计记录核验 · Check the audit log of the defence service without the service.

    python3 verify_audit.py FILE [--head CHAIN:NUMBER:DIGEST]... [--heads FILE] [--public-key HEX]...

FILE is the service's SQLite database or what `flask export-audit FILE` wrote. Needs Python 3.10 and nothing
else; signatures are checked with the `cryptography` package, or with the `openssl` command. HEX is the
published key of the seals, as `flask seal-key` prints it; after a change of keys, give every one that sealed.

Exit status: 0 nothing was touched, 1 something was, 2 it could not be checked (completely).

This is a second implementation on purpose: it shares no code with the service.
"""

import argparse
import base64
import hashlib
import json
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path

ENTRY = ("chain", "seq", "at", "account_id", "action", "subject", "detail", "previous_digest", "digest")
HEAD = ("chain", "seq", "digest")
SEAL = (
    *("sitting_id", "chain_seq", "chain_digest", "statement"),
    *("signature", "public_key", "sealed_by_id", "sealed_at"),
)
NUMBERS = {"seq", "account_id", "sitting_id", "chain_seq", "sealed_by_id"}

WORDS = {
    "unreadable": ("第 {n} 条无法读取", "entry {n} cannot be read"),
    "number": ("第 {n} 条的位置上是另一条", "in the place of entry {n} stands another one"),
    "link": ("第 {n} 条与前一条脱节", "entry {n} does not continue the one before"),
    "content": ("第 {n} 条被改动", "entry {n} was edited"),
    "no_head": ("没有链首登记", "the chain has no head"),
    "head": ("链首登记被改动", "the head was edited"),
    "cut_off": ("自第 {n} 条起被截去", "cut off from entry {n} on"),
    "beyond_head": ("自第 {n} 条起为另行添加", "added from entry {n} on"),
    "printed": ("第 {n} 条与打印的链首不符", "entry {n} is not the one on paper"),
    "printed_cut_off": (
        "少于打印的链首：自第 {n} 条起缺失",
        "shorter than on paper: gone from entry {n} on",
    ),
    "gone": ("整条链不见了", "the whole chain is gone"),
    "not_begun": ("主链中没有这条链", "the main chain does not know this chain"),
    "seal_missing": ("封存记录不见了", "the seal is gone"),
    "seal_unknown": ("主链中没有这次封存", "the main chain does not know this seal"),
    "seal_twice": ("主链中有两次封存", "the main chain knows two seals"),
    "seal_changed": ("封存记录被改动", "the seal was edited"),
    "seal_signature": ("签名无效", "the signature is not valid"),
    "seal_key": ("封存所用的不是给出的密钥", "made with another key than those that were given"),
    "seal_statement": ("封存声明与封存记录不一致", "the sealed statement and the seal disagree"),
    "seal_head": ("本场记录与封存时不同", "the sitting's chain is not the one that was sealed"),
    "seal_main_head": ("主链与封存时不同", "the main chain is not what it was at the sealing"),
}


class Unusable(Exception):
    """The file or an argument cannot be used; nothing was checked."""


# --- reading -------------------------------------------------------------------------------------------


def open_source(path):
    """Heads, seals and an iterator of entries, as dictionaries."""
    try:
        with Path(path).open("rb") as file:
            start = file.read(16)
    except OSError as error:
        raise Unusable(f"{path}: {error.strerror}") from error
    return read_database(path) if start == b"SQLite format 3\0" else read_export(path)


def read_database(path):
    """From the service's SQLite file, as it is at this moment."""
    connection = sqlite3.connect(Path(path).resolve().as_uri() + "?mode=ro", uri=True, isolation_level=None)
    # The bytes as they lie there: a forger need not have written UTF-8.
    connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")

    def rows(table, columns, order):
        found = connection.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY {order}")  # noqa: S608
        for row in found:
            yield {
                name: value if name in NUMBERS or isinstance(value, str) else None
                for name, value in zip(columns, row, strict=True)
            }

    try:
        connection.execute("BEGIN")
        heads = list(rows("audit_head", HEAD, "chain"))
        seals = list(rows("seal", SEAL, "sitting_id"))
        return heads, seals, rows("audit_entry", ENTRY, "chain, seq")
    except sqlite3.Error as error:
        raise Unusable(f"{path}: {error}") from error


def read_export(path):
    """From an export; its last line tells that it is complete."""
    lines = export_lines(path)
    kind, first = next(lines, (None, {}))
    if kind != "audit-export" or first.get("version") != 1:
        raise Unusable(f"{path}: neither a SQLite database nor an export of this service")
    heads, seals = [], []
    for kind, line in lines:
        if kind == "seals-end":
            return heads, seals, (entry for _kind, entry in lines)
        (heads if kind == "head" else seals).append(line)
    raise Unusable(f"{path}: the export breaks off")


def export_lines(path):
    complete = False
    with Path(path).open(encoding="utf-8") as file:
        for number, text in enumerate(file, 1):
            try:
                line = json.loads(text)
                kind = line.pop("kind")
            except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
                raise Unusable(f"{path}: line {number} cannot be read") from error
            complete = kind == "end"
            if not complete:
                yield kind, line
    if not complete:
        raise Unusable(f"{path}: the export breaks off")


# --- checking ------------------------------------------------------------------------------------------


def sha256(text):
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def canonical(value):
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def iso(text):
    """`2021-11-22 02:00:00.000000` as the digest has it: `2021-11-22T02:00:00+00:00`."""
    moment = datetime.strptime(text, "%Y-%m-%d %H:%M:%S.%f")  # noqa: DTZ007
    if moment.isoformat(" ", "microseconds") != text:
        raise ValueError(text)
    return moment.isoformat() + "+00:00"


def one_of_each(pairs):
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key twice")
    return dict(pairs)


def detail_of(entry):
    """The detail of an entry that holds nothing but what the service writes; else ValueError."""
    texts = [entry[name] for name in ("action", "subject", "detail")]
    whole = isinstance(entry["account_id"], int) and not isinstance(entry["account_id"], bool)
    if not all(isinstance(text, str) for text in texts) or not (entry["account_id"] is None or whole):
        raise ValueError("not ours")
    "".join(texts).encode("utf-8")
    detail = json.loads(entry["detail"], object_pairs_hook=one_of_each)
    if not isinstance(detail, dict):
        raise ValueError("not ours")
    return detail


class Chain:
    """One chain as far as it was read."""

    def __init__(self, name):
        self.name, self.read, self.good, self.fault = name, 0, 0, None
        self.digest = "0" * 64 if name == "main" else sha256(name)

    def add(self, entry):
        self.read += 1
        if self.fault is None:
            self.fault = self.judge(entry)
            if self.fault is None:
                self.good, self.digest = entry["seq"], entry["digest"]

    def judge(self, entry):
        due = self.good + 1
        try:
            if self.name == "?":
                raise ValueError("no name")
            fields = [entry["seq"], iso(entry["at"]), entry["account_id"], entry["action"], entry["subject"]]
            fields += [detail_of(entry), self.digest]
        except (ValueError, TypeError, RecursionError):
            return due, "unreadable"
        if entry["seq"] != due:
            return due, "number"
        if entry["previous_digest"] != self.digest:
            return due, "link"
        try:
            expected = sha256(canonical(fields))
        except (ValueError, RecursionError):
            return due, "unreadable"
        return None if entry["digest"] == expected else (due, "content")


class Audit:
    """Everything that was read, and what is wrong with it."""

    def __init__(self, heads, seals, entries, printed):
        self.seals, self.printed = seals, printed
        self.heads = {readable(head["chain"]): head for head in heads}
        self.chains, self.begun, self.sealed = {"main": Chain("main")}, {"main"}, {}
        vouched = [main_head for _own, main_head in filter(None, map(statement_heads, seals))]
        self.places = {("main", seq): None for seq, _digest in vouched}
        self.places.update({(chain, seq): None for chain, seq, _digest in printed})
        for entry in entries:
            self.take(entry)

    def chain(self, name):
        return self.chains.setdefault(name, Chain(name))

    def take(self, entry):
        chain = self.chain(readable(entry["chain"]))
        chain.add(entry)
        if (chain.name, chain.good) in self.places:
            self.places[chain.name, chain.good] = chain.digest
        if chain.name != "main":
            return
        try:
            detail = detail_of(entry)
        except (ValueError, RecursionError):
            return
        if entry["action"] == "chain.begun":
            self.begun.add(entry["subject"])
        if entry["action"] == "sitting.sealed":
            self.sealed.setdefault(entry["subject"], []).append(detail.get("seal"))

    def chain_faults(self):
        """(chain, number, code) of every chain that is not as it was."""
        for name in set(self.heads) | self.begun | {chain for chain, _seq, _digest in self.printed}:
            self.chain(name)
        for name in sorted(self.chains):
            chain = self.chains[name]
            fault = chain.fault or self.end_fault(chain) or self.paper_fault(chain) or self.birth_fault(chain)
            if fault:
                yield (name, *fault)

    def end_fault(self, chain):
        head = self.heads.get(chain.name)
        if head is None:
            return (chain.read + 1, "no_head") if chain.read else None
        seq = head["seq"]
        if not isinstance(seq, int):
            return chain.read + 1, "head"
        if seq > chain.read:
            return chain.read + 1, "cut_off"
        if seq < chain.read:
            return seq + 1, "beyond_head"
        return None if head["digest"] == chain.digest else (chain.read + 1, "head")

    def paper_fault(self, chain):
        for name, seq, digest in self.printed:
            if name == chain.name and seq > chain.read:
                return chain.read + 1, "printed_cut_off"
            if name == chain.name and self.places[name, seq] != digest:
                return seq, "printed"
        return None

    def birth_fault(self, chain):
        if chain.name not in self.begun:
            return 1, "not_begun"
        return (1, "gone") if chain.name != "main" and not chain.read else None

    def seal_faults(self, trusted, holds):
        """(chain, None, code) of every seal that does not hold."""
        rows = {f"sitting:{seal['sitting_id']}": seal for seal in self.seals}
        for name in sorted(set(rows) | set(self.sealed)):
            code = self.seal_fault(name, rows.get(name), trusted, holds)
            if code:
                yield name, None, code

    def seal_fault(self, name, seal, trusted, holds):  # noqa: PLR0911
        announced = self.sealed.get(name, [])
        if seal is None:
            return "seal_missing"
        if not announced:
            return "seal_unknown"
        if len(announced) > 1:
            return "seal_twice"
        if trusted and seal["public_key"] not in trusted:
            return "seal_key"
        if seal_digest(seal) != announced[0]:
            return "seal_changed"
        if not holds(seal):
            return "seal_signature"
        own_head = name, seal["chain_seq"], seal["chain_digest"]
        heads = statement_heads(seal)
        if heads is None or heads[0] != own_head:
            return "seal_statement"
        chain = self.chains.get(name, Chain(name))
        if (name, chain.good, chain.digest) != own_head or chain.read != chain.good:
            return "seal_head"
        return None if self.places.get(("main", heads[1][0])) == heads[1][1] else "seal_main_head"


def readable(name):
    """A chain's name, or ? for what cannot be one."""
    try:
        name.encode("utf-8")
    except (AttributeError, UnicodeEncodeError):
        return "?"
    return name


def seal_digest(seal):
    values = [seal[name] for name in SEAL]
    try:
        return None if None in values else sha256(canonical([*values[:-1], iso(values[-1])]))
    except ValueError:
        return None


def statement_heads(seal):
    """The head of its own and of the main chain that the signed statement names."""
    try:
        said = json.loads(seal["statement"])
        own, main = said["chain"], said["main_chain"]
        heads = (own["name"], own["seq"], own["digest"]), (main["seq"], main["digest"])
        hash(heads)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return heads


# --- signatures ----------------------------------------------------------------------------------------


def signature_checker():
    """What checks an Ed25519 signature on this machine, as a function of (key, text, signature); or None."""
    try:
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415
    except ImportError:
        return verify_by_command if shutil.which("openssl") else None

    def verify_by_package(key, text, signature):
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(signature, text)
        except (InvalidSignature, ValueError):
            return False
        return True

    return verify_by_package


def verify_by_command(key, text, signature):
    if len(key) != 32:
        return False
    der = bytes.fromhex("302a300506032b6570032100") + key  # RFC 8410: SubjectPublicKeyInfo of Ed25519
    pem = b"-----BEGIN PUBLIC KEY-----\n" + base64.b64encode(der) + b"\n-----END PUBLIC KEY-----\n"
    with tempfile.TemporaryDirectory() as directory:
        files = [Path(directory, name) for name in ("key", "text", "signature")]
        for file, content in zip(files, (pem, text, signature), strict=True):
            file.write_bytes(content)
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", str(files[0]), "-rawin"]
        command += ["-in", str(files[1]), "-sigfile", str(files[2])]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


def holds_by(verify):
    """Whether a seal's signature holds, by what `signature_checker` found."""

    def holds(seal):
        try:
            key, signature = bytes.fromhex(seal["public_key"]), bytes.fromhex(seal["signature"])
            return verify(key, seal["statement"].encode("utf-8"), signature)
        except ValueError:
            return False

    return holds


# --- command line --------------------------------------------------------------------------------------


def parse_head(text):
    """`sitting:12:45:<64 digits>`, the digits in groups or not."""
    found = re.fullmatch(
        r"([a-z]+(?::[0-9]{1,10})?):([0-9]{1,10}):([0-9a-f]{64})", "".join(text.split()).lower()
    )
    if not found:
        raise Unusable(f"{text.strip()!r} is not a head as the minutes print it (CHAIN:NUMBER:DIGEST)")
    return found[1], int(found[2]), found[3]


def printed_heads(options):
    lines = list(options.head)
    for path in options.heads:
        try:
            with Path(path).open(encoding="utf-8") as file:
                lines += [line for line in file if line.strip() and not line.lstrip().startswith("#")]
        except (OSError, UnicodeDecodeError) as error:
            raise Unusable(f"{path}: {error}") from error
    return [parse_head(line) for line in lines]


def check(path, printed=(), trusted=(), holds=None):
    """All that is wrong, as (chain, number, code), and what was read; signatures only by `holds`."""
    heads, seals, entries = open_source(path)
    try:
        audit = Audit(heads, seals, entries, printed)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise Unusable(f"{path}: {error}") from error
    return [*audit.chain_faults(), *audit.seal_faults(trusted, holds or (lambda _seal: True))], audit


def report(faults, audit):
    """Say in both languages what was found."""
    broken = {chain for chain, _number, code in faults if not code.startswith("seal_")}
    for name in sorted(audit.chains):
        chain = audit.chains[name]
        if name not in broken:
            print(f"OK    {name:<14} {chain.read:>7}  {name}:{chain.good}:{chain.digest}")
    for name, number, code in faults:
        zh, en = (words.format(n=number) for words in WORDS[code])
        what = "seal " + name if code.startswith("seal_") else name
        print(f"WRONG {what:<14} {code}: {zh} / {en}")
    for seal in audit.seals:
        print(f"      seal sitting:{seal['sitting_id']}  key {seal['public_key']}")


def main(arguments=None):
    """Run as a command; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file")
    parser.add_argument("--head", action="append", default=[], metavar="CHAIN:NUMBER:DIGEST")
    parser.add_argument("--heads", action="append", default=[], metavar="FILE", help="heads, one a line")
    parser.add_argument(
        "--public-key",
        action="append",
        default=[],
        metavar="HEX",
        help="the published key, as `flask seal-key` prints it; every key that ever sealed",
    )
    parser.add_argument("--no-signatures", action="store_true", help="do not check signatures")
    options = parser.parse_args(arguments)
    verify = None if options.no_signatures else signature_checker()
    try:
        trusted = {"".join(key.split()).lower() for key in options.public_key}
        holds = holds_by(verify) if verify else None
        faults, audit = check(options.file, printed_heads(options), trusted, holds)
    except Unusable as error:
        print(f"无法核验 / cannot be checked: {error}", file=sys.stderr)
        return 2
    report(faults, audit)
    if faults:
        print(
            "审计记录被动过。请保持数据库原样，并联系技术支持。/ "
            "The log was touched: change nothing and call support."
        )
        return 1
    if verify is None and audit.seals and not options.no_signatures:
        print(
            "签名未核验：没有 cryptography 包，也没有 openssl 命令。/ Signatures were NOT checked: there is "
            "neither the cryptography package nor the openssl command (--no-signatures to do without).",
            file=sys.stderr,
        )
        return 2
    if not trusted and audit.seals and not options.no_signatures:
        print(
            "封存密钥未核验：请用 --public-key 给出公布的公钥。/ Whose seals these are was NOT checked: "
            "give the published key with --public-key (--no-signatures to do without).",
            file=sys.stderr,
        )
        return 2
    print("审计记录完整。/ The log is whole.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
