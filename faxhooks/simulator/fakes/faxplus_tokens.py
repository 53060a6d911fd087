"""Who the fake Fax.Plus lets in, and how it renews tokens: each refresh token once only."""

from base64 import b64encode
from typing import Any

from faxhooks.simulator.fakes.behaviour import Dice
from faxhooks.simulator.fakes.serving import Asked
from faxhooks.simulator.story import Secrets


class Tokens:
    """Personal access tokens and those of OAuth2, from an account's values.

    That a refresh token is good for one use is inferred, as the stricter of what may be.
    """

    def __init__(self, secrets: Secrets, dice: Dice) -> None:
        self._client = next(iter(secrets.get("client-id", ())), "")
        self._secret = next(iter(secrets.get("client-secret", ())), "")
        self._personal = {*secrets.get("access-token", ())}
        self._access = {*secrets.get("oauth-token", ())}
        self._refresh = {*secrets.get("refresh-token", ())}
        self._dice = dice

    def let_in(self, asked: Asked) -> bool:
        """Whether it shows a token, and with one of OAuth2 the application's id; any bearer
        will do where there are no tokens at all.
        """
        kind, _, token = asked.headers.get("authorization", "").partition(" ")
        if kind != "Bearer" or not token:
            return False
        if not (self._personal or self._access or self._refresh):
            return True
        ours = asked.headers.get("x-fax-clientid") == self._client
        return token in self._personal or (token in self._access and ours)

    def expire(self) -> None:
        """Let the access tokens of OAuth2 run out."""
        self._access.clear()

    def renew(self, asked: Asked) -> dict[str, Any] | str:
        """New tokens for a refresh token, by query or form; else the error's code."""
        given = {**asked.query, **dict(asked.form)}
        pair = b64encode(f"{self._client}:{self._secret}".encode()).decode()
        if asked.headers.get("authorization") != f"Basic {pair}":
            return "invalid_client"
        if given.get("grant_type") != "refresh_token":
            return "unsupported_grant_type"
        if given.get("refresh_token") not in self._refresh:
            return "invalid_grant"
        self._refresh.remove(given["refresh_token"])
        random = self._dice.random("token")
        access, refresh = (f"fake{random.getrandbits(160):040x}" for _ in range(2))
        self._access.add(access)
        self._refresh.add(refresh)
        made = {"access_token": access, "refresh_token": refresh}
        return {**made, "token_type": "Bearer", "expires_in": 3600}
