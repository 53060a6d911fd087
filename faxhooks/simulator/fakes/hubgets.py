"""A fake of Hubgets: the UnifiedAPI's faxes in JSON, let in by a token or by cookies.

Source: the page on creating faxes, whose sample repeats the cookie `xsrf-token` in a header. That
a token is a bearer is inferred.
"""

from datetime import datetime
from http.cookies import SimpleCookie
from typing import Final

from faxhooks.simulator.fakes.behaviour import WELL, Behaviour
from faxhooks.simulator.fakes.serving import Asked
from faxhooks.simulator.fakes.unified import UnifiedFake
from faxhooks.simulator.story import Secrets

TRIAL: Final[Secrets] = {"access-token": ("fakeFakeFakeFake",), "extension": ("0003*210",)}
"""An account for those who bring none."""


class HubgetsFake(UnifiedFake):
    """One user, with the account's token and cookies."""

    title = "Hubgets"
    forms = ("json",)

    def __init__(
        self,
        behaviour: Behaviour = WELL,
        secrets: Secrets = TRIAL,
        calls_at: str | None = None,
        start: datetime | None = None,
    ) -> None:
        super().__init__(behaviour, secrets, calls_at, start)

    def is_let_in(self, asked: Asked) -> bool:
        """The token, or cookies whose `xsrf-token` is in the header too."""
        if not asked.path.startswith("/uapi/"):
            return True
        tokens, cookies = self.secrets.get("access-token", ()), self.secrets.get("cookie", ())
        if asked.headers.get("authorization") in [f"Bearer {token}" for token in tokens]:
            return True
        given = asked.headers.get("cookie", "")
        found = SimpleCookie(given).get("xsrf-token")
        repeated = found is not None and found.value == asked.headers.get("x-xsrf-token")
        return given in cookies and repeated
