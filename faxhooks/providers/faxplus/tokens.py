"""Who asks Fax.Plus: a personal access token, or OAuth2 tokens that are renewed.

Sources: the vendor's pages on authentication, and its sample application for the refresh. That
the answer to it is that of RFC 6749 (`access_token`, perhaps a new `refresh_token`) is inferred.
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from faxhooks.providers.asking import CredentialsError, RefusedError, Renewing, Values
from faxhooks.providers.calling import PATIENCE, Caller, Patience

TOKEN_URL: Final = "https://accounts.fax.plus/token"  # noqa: S105 (an address)
ACCESS: Final = "oauth-token"
REFRESH: Final = "refresh-token"


@dataclass(slots=True)
class PersonalToken:
    """A personal access token, which lasts until its date and cannot be renewed by asking."""

    token: str = field(repr=False)
    calls: int = 0

    def headers(self) -> Mapping[str, str]:
        """The token alone: the client's id belongs to OAuth2."""
        return {"Authorization": f"Bearer {self.token}"}

    def renew(self) -> bool:
        """A person has to make a new one."""
        return False

    def close(self) -> None:
        """There is nothing to let go."""


@dataclass(frozen=True, slots=True)
class Application:
    """An application registered with Fax.Plus, and where its tokens are renewed.

    The help centre and the vendor's sample put the refresh token in the query; `in_form` puts
    it in the form, where RFC 6749 has it and where fewer logs see it.
    """

    client_id: str
    secret: str = field(repr=False)
    token_url: str = TOKEN_URL
    in_form: bool = False


class RenewedTokens:
    """An access token of OAuth2, and the refresh token that gets the next one."""

    def __init__(
        self,
        application: Application,
        access: str | None,
        renewing: Renewing,
        patience: Patience = PATIENCE,
    ) -> None:
        self._application = application
        self._access = access
        self._renewing = renewing
        self._caller = Caller("Fax.Plus", application.token_url, code_of, patience)

    @property
    def calls(self) -> int:
        """How many requests renewing took so far."""
        return self._caller.calls

    def headers(self) -> Mapping[str, str]:
        """The token and the application's id, which OAuth2 takes beside it."""
        if self._access is None:
            self.renew()
        return {
            "Authorization": f"Bearer {self._access}",
            "x-fax-clientid": self._application.client_id,
        }

    def renew(self) -> bool:
        """Take the token that somebody else renewed meanwhile, else renew it ourselves."""
        self._access = self._renewing(self._renewed)[ACCESS][0]
        return True

    def close(self) -> None:
        """Let the connection go."""
        self._caller.close()

    def _renewed(self, newest: Values) -> Values:
        access = next(iter(newest.get(ACCESS, ())), None)
        if access is not None and access != self._access:
            return {ACCESS: (access,)}
        refresh = next(iter(newest.get(REFRESH, ())), None)
        if refresh is None:
            raise CredentialsError("the account has no refresh token; authorize it again")
        said = self._refresh(refresh)
        found = {ACCESS: said.get("access_token"), REFRESH: said.get("refresh_token") or refresh}
        if not all(isinstance(value, str) and value for value in found.values()):
            raise CredentialsError("Fax.Plus renewed no token; authorize the account again")
        return {name: (str(value),) for name, value in found.items()}

    def _refresh(self, token: str) -> Mapping[str, Any]:
        fields = {"grant_type": "refresh_token", "refresh_token": token}
        application, form = self._application, self._application.in_form
        pair = f"{application.client_id}:{application.secret}".encode()
        headers = {"Authorization": f"Basic {b64encode(pair).decode()}"}
        target = self._caller.target("", None if form else fields)
        try:
            return self._caller.call("POST", target, headers, fields if form else None).json()
        except RefusedError as error:
            raise CredentialsError(
                "Fax.Plus does not take the refresh token; authorize the account again",
                status=error.status,
                code=error.code,
            ) from None


def code_of(said: Mapping[str, Any]) -> str | None:
    """The code of an error, `{"error": "…", "description": "…"}` (the vendor's package)."""
    code = said.get("error")
    return code if isinstance(code, str) else None
