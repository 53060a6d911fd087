"""A fake of VoipNow: both forms of the UnifiedAPI's faxes, and tokens of OAuth2 that run out.

Sources: the pages on authorization and on error responses; the vendor's published client for the
envelope of a token's error.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from faxhooks.simulator.fakes.behaviour import WELL, Behaviour
from faxhooks.simulator.fakes.fake import Answer
from faxhooks.simulator.fakes.serving import Asked, Told
from faxhooks.simulator.fakes.unified import UnifiedFake, form_of
from faxhooks.simulator.story import Secrets

TRIAL: Final[Secrets] = {
    "client-id": ("fakeClient",),
    "client-secret": ("fakeFakeFakeFake",),
    "redirect-uri": ("https://app.example.com/back",),
    "extension": ("0003*210",),
}
"""An account for those who bring none."""

_TOKEN: Final = "/oauth/token.php"  # noqa: S105 (a path)


class VoipNowFake(UnifiedFake):
    """One server with one application, whose tokens live for `expires_in` seconds."""

    title = "VoipNow"
    forms = ("multipart", "json")

    def __init__(
        self,
        behaviour: Behaviour = WELL,
        secrets: Secrets = TRIAL,
        calls_at: str | None = None,
        start: datetime | None = None,
    ) -> None:
        super().__init__(behaviour, secrets, calls_at, start)
        self.expires_in = 3600
        self.tokens: dict[str, datetime] = {}

    @property
    def routes(self) -> Sequence[tuple[str, str, Answer]]:
        """That of tokens beside the faxes'."""
        return (*super().routes, ("POST", re.escape(_TOKEN), self._token))

    def is_let_in(self, asked: Asked) -> bool:
        """A bearer that has not run out; tokens and the storage have credentials of their own."""
        if not asked.path.startswith("/uapi/"):
            return True
        kind, _, token = asked.headers.get("authorization", "").partition(" ")
        until = self.tokens.get(token)
        return kind == "Bearer" and until is not None and self.clock.now() < until

    def _token(self, asked: Asked, _: re.Match[str]) -> Told:
        form, known = form_of(asked), {name: each[0] for name, each in self.secrets.items() if each}
        if form.get("grant_type") != "client_credentials":
            return Told.json({"error": "unsupported_grant_type"}, 400)
        pair = (form.get("client_id"), form.get("client_secret"))
        if pair != (known.get("client-id"), known.get("client-secret")):
            return Told.json({"error": "invalid_client"}, 400)
        if form.get("redirect_uri") != known.get("redirect-uri"):
            return Told.json({"error": "redirect_uri_mismatch"}, 400)
        token = f"fake{self.dice.random('token').getrandbits(160):040x}"
        self.tokens[token] = self.clock.now() + timedelta(seconds=self.expires_in)
        return Told.json(
            {"access_token": token, "expires_in": self.expires_in, "token_type": "Bearer"}
        )
