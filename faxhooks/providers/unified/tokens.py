"""Who sends through the UnifiedAPI: an application with OAuth2 tokens, or fixed headers.

Sources: the pages on authorization, whose editions name different lives of a token (one hour,
two hours), so that `expires_in` alone is believed; the vendor's published client, which renews
five minutes early.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from faxhooks.providers import reading
from faxhooks.providers.asking import CredentialsError, RefusedError, Renewing, Values
from faxhooks.providers.calling import PATIENCE, Caller, Patience
from faxhooks.providers.unified.words import code_of

ACCESS: Final = "oauth-token"
UNTIL: Final = "oauth-token-until"
TOKEN_PATH: Final = "/oauth/token.php"  # noqa: S105 (a path)

EARLY: Final = timedelta(minutes=5)
"""So long before its end a token is renewed, or at half its life if that is shorter."""

SHORTEST: Final = 3600
"""Seconds of a token whose answer names none: the shorter of the documented lives."""


@dataclass(frozen=True, slots=True)
class FixedHeaders:
    """What a request carries as it is: a token or cookies that a person has to make anew."""

    values: Mapping[str, str] = field(repr=False)
    calls: int = 0

    def headers(self) -> Mapping[str, str]:
        """These."""
        return self.values

    def renew(self) -> bool:
        """That takes a person."""
        return False

    def close(self) -> None:
        """There is nothing to let go."""


@dataclass(frozen=True, slots=True)
class Application:
    """An application that is registered with the service at `base_url`."""

    base_url: str
    client_id: str
    secret: str = field(repr=False)
    redirect_uri: str


class ClientTokens:
    """Tokens got with the application's own credentials, each used until it runs out."""

    def __init__(
        self,
        title: str,
        application: Application,
        kept: Values,
        renewing: Renewing,
        patience: Patience = PATIENCE,
    ) -> None:
        self._title = title
        self._application = application
        self._caller = Caller(title, application.base_url, code_of, patience)
        self._renewing = renewing
        self._token, self._until = _token_in(kept)
        self._refused: str | None = None

    @property
    def calls(self) -> int:
        """How many requests for tokens were sent so far."""
        return self._caller.calls

    def headers(self) -> Mapping[str, str]:
        """A token that has not run out. Raises ProviderError when none is to be had."""
        if self._token is None or datetime.now(UTC) >= self._until:
            self._renew()
        return {"Authorization": f"Bearer {self._token}"}

    def renew(self) -> bool:
        """Get another one, since this one was refused."""
        self._refused = self._token
        self._renew()
        return True

    def close(self) -> None:
        """Let the connection go."""
        self._caller.close()

    def _renew(self) -> None:
        self._token, self._until = _token_in(self._renewing(self._renewed))

    def _renewed(self, newest: Values) -> Values:
        """What somebody else got meanwhile, if it is good, else a new one."""
        token, until = _token_in(newest)
        if token is not None and token != self._refused and datetime.now(UTC) < until:
            return {ACCESS: (token,), UNTIL: (until.isoformat(),)}
        asked_at = datetime.now(UTC)
        said = self._ask()
        made = said.get("access_token")
        if not isinstance(made, str) or not made:
            raise CredentialsError(
                f"{self._title} gave no token; check the account's client id and secret"
            )
        until = asked_at + _usable(said.get("expires_in"))
        return {ACCESS: (made,), UNTIL: (until.isoformat(),)}

    def _ask(self) -> Mapping[str, Any]:
        """The answer to a request for a token. `type` stands in the vendor's samples."""
        form = {
            "grant_type": "client_credentials",
            "client_id": self._application.client_id,
            "client_secret": self._application.secret,
            "redirect_uri": self._application.redirect_uri,
            "type": "unifiedapi",
        }
        try:
            return self._caller.call("POST", self._caller.target(TOKEN_PATH), {}, form).json()
        except RefusedError as error:
            raise CredentialsError(
                f"{self._title} gives no token (code {error.code}); "
                "check the account's client id and secret",
                status=error.status,
                code=error.code,
            ) from None


def _usable(expires_in: object) -> timedelta:
    """For how long a token is used; what names no life has the shorter documented one."""
    seconds = expires_in if isinstance(expires_in, int | float) else None
    if isinstance(expires_in, str) and expires_in.isascii() and expires_in.isdigit():
        seconds = int(expires_in)
    life = timedelta(seconds=min(max(seconds, 0), 10 * 365 * 86400) if seconds else SHORTEST)
    return life - min(EARLY, life / 2)


def _token_in(values: Values) -> tuple[str | None, datetime]:
    token = next(iter(values.get(ACCESS, ())), None)
    until = reading.moment(next(iter(values.get(UNTIL, ())), ""))
    return token, until or datetime.min.replace(tzinfo=UTC)
