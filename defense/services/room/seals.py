"""What a seal is: whether a sitting has one, what it is known by, whether its signature holds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from defense.domain.errors import IllegalState, InvalidInput
from defense.domain.text import Text
from defense.models import Seal
from defense.services.audit import digest_of
from defense.settings import Settings


def is_sealed(session: Session, sitting_id: int) -> bool:
    """Whether the supervisor has sealed this sitting."""
    return bool(session.scalar(select(exists().where(Seal.sitting_id == sitting_id))))


def require_unsealed(session: Session, *sitting_ids: int) -> None:
    """Refuse to change anything in a sealed sitting. Asked after the sittings' rows have been locked.

    Raises
    ------
    IllegalState
        One of them is sealed.
    """
    if session.scalar(select(exists().where(Seal.sitting_id.in_(sitting_ids)))):
        raise IllegalState(
            Text(
                "本场答辩已由监督员封存，不能再作任何改动。",
                "The supervisor has sealed this sitting; nothing in it can be changed any more.",
            )
        )


def seal_digest(fields: Sequence[Any], sealed_at: datetime) -> str:
    """SHA-256 over everything a seal holds; it stands in the main chain's entry about the sealing.

    Parameters
    ----------
    fields : the columns of `Seal` before `sealed_at`, in their order.
    """
    return digest_of([*fields, sealed_at.isoformat()])


def signature_holds(public_key: str, statement: str, signature: str) -> bool:
    """Whether a statement carries the Ed25519 signature of this key; key and signature in hex."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        key.verify(bytes.fromhex(signature), statement.encode())
    except (ValueError, InvalidSignature):
        return False
    return True


def public_key_of(seal_key: bytes) -> str:
    """The public half, in hex, of the key whose seed is `settings.seal_key`."""
    return Ed25519PrivateKey.from_private_bytes(seal_key).public_key().public_bytes_raw().hex()


def trusted_keys(settings: Settings) -> frozenset[str]:
    """The public keys, in hex, whose seals this installation stands for: its own, and those before it."""
    return settings.former_seal_public_keys | {public_key_of(settings.seal_key)}


def parse_public_key(text: str) -> str:
    """A public key as `flask seal-key` or the minutes print it; the digits may stand in groups.

    Raises
    ------
    InvalidInput
        It is not of that form.
    """
    key = "".join(text.split()).lower()
    if not re.fullmatch(r"[0-9a-f]{64}", key):
        raise InvalidInput(
            Text(
                f"无法识别公钥“{text.strip()}”，应为 64 位十六进制数，如 flask seal-key 或会议记录所印。",
                f"“{text.strip()}” is no public key as flask seal-key and minutes print it: 64 hex digits.",
            )
        )
    return key


def sign(seal_key: bytes, statement: str) -> str:
    """The Ed25519 signature of a statement, in hex."""
    return Ed25519PrivateKey.from_private_bytes(seal_key).sign(statement.encode()).hex()
