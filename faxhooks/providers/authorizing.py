"""Requests that carry a token, and the one repeat that is safe: with a new token, after a 401."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from faxhooks.providers.answers import Answer
from faxhooks.providers.asking import CredentialsError
from faxhooks.providers.calling import Caller
from faxhooks.providers.sending import beforehand


class Tokens(Protocol):
    """What a request carries to be let in."""

    @property
    def calls(self) -> int:
        """How many requests getting it took so far."""

    def headers(self) -> Mapping[str, str]:
        """For the next request. Raises ProviderError when no token is to be had."""

    def renew(self) -> bool:
        """Get a new token, if that is possible. Raises ProviderError when it fails."""

    def close(self) -> None:
        """Let connections go."""


@dataclass(frozen=True, slots=True)
class Authorized:
    """A connection and the tokens that let its requests in."""

    caller: Caller
    tokens: Tokens

    @property
    def calls(self) -> int:
        """How many requests were sent so far, those for tokens included."""
        return self.caller.calls + self.tokens.calls

    def close(self) -> None:
        """Let the connections go."""
        self.caller.close()
        self.tokens.close()

    def call(self, method: str, target: str, body: Any = None, kind: str = "") -> Answer:
        """Once, and once more with a new token if the old one has run out.

        `kind` is the type of a body of bytes. A token that cannot be had is no request that
        may have been done.
        """
        with beforehand():
            headers = self._headers(kind)
        try:
            return self.caller.call(method, target, headers, body=body)
        except CredentialsError as error:
            with beforehand():
                if error.status != 401 or not self.tokens.renew():
                    raise
                headers = self._headers(kind)
        return self.caller.call(method, target, headers, body=body)

    def _headers(self, kind: str) -> Mapping[str, str]:
        return {**self.tokens.headers(), **({"Content-Type": kind} if kind else {})}
