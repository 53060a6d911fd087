"""Provider secrets at rest: encrypted with the newest secret key, read with any of them."""

import base64
import hashlib
import json
from collections.abc import Sequence
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from faxhooks.domain.errors import SettingsError


class Vault:
    """Encrypts with the first of `secret_keys`; rotation is adding a key in front."""

    def __init__(self, secret_keys: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(_derived(key)) for key in secret_keys])

    def seal(self, value: Any) -> bytes:
        """Any JSON value as ciphertext."""
        return self._fernet.encrypt(json.dumps(value).encode())

    def open(self, sealed: bytes) -> Any:
        """The value again. Raises SettingsError when no key fits."""
        try:
            return json.loads(self._fernet.decrypt(sealed))
        except InvalidToken:
            raise SettingsError(
                "SECRET_KEYS holds no key that reads the stored secrets; "
                "put the key they were written with back at the end of the list"
            ) from None


def _derived(key: str) -> bytes:
    digest = hashlib.sha256(b"faxhooks secrets at rest\0" + key.encode()).digest()
    return base64.urlsafe_b64encode(digest)
