"""An archive under a passphrase: scrypt makes the key, AES-256-GCM encrypts and authenticates.

The file is a mark, 16 bytes of salt, 12 of nonce and the ciphertext; the first three are authenticated too.

Source: RFC 7914 (scrypt; N = 2^15, r = 8, p = 1 takes 32 MB and a tenth of a second), NIST SP 800-38D (GCM).
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from defense.domain.errors import InvalidInput
from defense.domain.text import Text

MARK = b"defence-archive1"
MIN_PASSPHRASE = 12
_SALT_BYTES, _NONCE_BYTES = 16, 12
_HEADER_BYTES = len(MARK) + _SALT_BYTES + _NONCE_BYTES


def is_encrypted(data: bytes) -> bool:
    """Whether a file begins like one of these."""
    return data.startswith(MARK)


def encrypt_archive(plain: bytes, passphrase: str) -> bytes:
    """The archive under a passphrase.

    Raises
    ------
    InvalidInput
        The passphrase is too short.
    """
    if len(passphrase) < MIN_PASSPHRASE:
        raise InvalidInput(
            Text(
                f"存档口令至少 {MIN_PASSPHRASE} 个字符。",
                f"The passphrase of an archive has at least {MIN_PASSPHRASE} characters.",
            )
        )
    salt, nonce = os.urandom(_SALT_BYTES), os.urandom(_NONCE_BYTES)
    header = MARK + salt + nonce
    return header + AESGCM(_key(passphrase, salt)).encrypt(nonce, plain, header)


def decrypt_archive(data: bytes, passphrase: str) -> bytes:
    """What `encrypt_archive` was given.

    Raises
    ------
    InvalidInput
        Another passphrase, or the file was changed or cut short.
    """
    header, ciphertext = data[:_HEADER_BYTES], data[_HEADER_BYTES:]
    salt, nonce = header[len(MARK) : len(MARK) + _SALT_BYTES], header[len(MARK) + _SALT_BYTES :]
    try:
        return AESGCM(_key(passphrase, salt)).decrypt(nonce, ciphertext, header)
    except (InvalidTag, ValueError) as error:
        raise InvalidInput(
            Text(
                "存档无法打开：口令不正确，或文件已损坏。",
                "The archive cannot be opened: the passphrase is wrong, or the file was damaged.",
            )
        ) from error


def _key(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=2**15, r=8, p=1).derive(passphrase.encode())
