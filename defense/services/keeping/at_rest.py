"""Bytes that must not lie open in the database: frozen mails with their personal links, meeting passwords.

Whoever has a copy of the database, or of a backup, but not the service's secret key can read none of them.
"""

from __future__ import annotations

import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from defense.domain.errors import IllegalState
from defense.domain.text import Text

_MARK = b"\x01"
"""First of every sealed value; what lacks it was written before values were sealed."""
_NONCE_BYTES = 12


@lru_cache(maxsize=16)
def derived_key(secret_key: str, purpose: str) -> bytes:
    """32 bytes for one purpose, from the installation's secret key (HKDF-SHA256)."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(secret_key.encode())


def seal_bytes(secret_key: str, purpose: str, bound_to: str, plain: bytes) -> bytes:
    """AES-256-GCM, bound to the row that holds it, so that two rows cannot be exchanged."""
    nonce = os.urandom(_NONCE_BYTES)
    cipher = AESGCM(derived_key(secret_key, purpose))
    return _MARK + nonce + cipher.encrypt(nonce, plain, bound_to.encode())


def open_bytes(secret_key: str, purpose: str, bound_to: str, sealed: bytes) -> bytes:
    """What `seal_bytes` was given.

    Raises
    ------
    IllegalState
        The secret key is another one, or somebody touched the row.
    """
    if not sealed.startswith(_MARK):
        return sealed
    nonce, content = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    try:
        return AESGCM(derived_key(secret_key, purpose)).decrypt(nonce, content, bound_to.encode())
    except InvalidTag as error:
        raise IllegalState(
            Text(
                "数据无法解密：SECRET_KEY 已更换，或数据被改动。请恢复原来的 SECRET_KEY。",
                "The data cannot be opened: SECRET_KEY is another one, or somebody touched the data. Put the"
                " former SECRET_KEY back.",
            )
        ) from error
