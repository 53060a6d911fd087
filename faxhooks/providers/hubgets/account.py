"""What a Hubgets account is made of.

Source: the page on creating faxes, which asks for a cookie or a header token. Its sample has the
cookies of a signed-in browser and a header that repeats one of them; that the header token is an
OAuth2 bearer, as elsewhere in the UnifiedAPI, is inferred.
"""

import re

from faxhooks.providers.asking import Renewing
from faxhooks.providers.authorizing import Authorized
from faxhooks.providers.base import Config, Option, Provider, asking_options
from faxhooks.providers.calling import Caller, check_base_url
from faxhooks.providers.persisting import persisting_options
from faxhooks.providers.unified.account import MINUTES, check_secret, fax_options
from faxhooks.providers.unified.sender import JSON, Terms, UnifiedSender
from faxhooks.providers.unified.tokens import FixedHeaders
from faxhooks.providers.unified.words import code_of

TITLE = "Hubgets"
API_URL = "https://api.hubgets.com"
_XSRF = re.compile(r"(?:^|; *)xsrf-token=([!-:<-~]+)")


def check_cookie(value: str) -> str:
    """The cookies of a session. Raises ValueError without showing them."""
    cookie = value.strip()
    if not (cookie.isascii() and cookie.isprintable() and _XSRF.search(cookie)):
        raise ValueError("must be cookies like dev=…; xsrf-token=…; vn=…")
    return cookie


def make_sender(config: Config, _: Renewing) -> UnifiedSender | None:
    """What sends with one account; None without a token and without cookies.

    Neither is renewed by asking, so the second argument plays no part.
    """
    token, cookie, extension = (
        next(iter(config.get(name, ())), "") for name in ("access-token", "cookie", "extension")
    )
    headers = _headers(token, cookie)
    if not (headers and extension):
        return None
    address = HUBGETS.value(config, "base-url") or API_URL
    terms = Terms(
        name="hubgets",
        title=TITLE,
        extension=extension,
        user=HUBGETS.value(config, "user-id") or "@me",
        form=JSON,
        files=int(HUBGETS.value(config, "files-per-fax") or 1),
        prefix=HUBGETS.value(config, "dial-prefix") or "",
        end="/",
    )
    return UnifiedSender(Authorized(Caller(TITLE, address, code_of), FixedHeaders(headers)), terms)


def _headers(token: str, cookie: str) -> dict[str, str]:
    """A token before cookies, whose header has to repeat the one named `xsrf-token`."""
    if token:
        return {"Authorization": f"Bearer {token}"}
    found = _XSRF.search(cookie)
    return {"x-xsrf-token": found[1], "cookie": cookie} if found else {}


HUBGETS = Provider(
    name="hubgets",
    title=TITLE,
    options=(
        *fax_options(),
        Option(
            "access-token",
            "token for the header Authorization; the vendor's page does not show its form",
            secret=True,
            check=check_secret,
        ),
        Option(
            "cookie",
            "in place of a token: the cookies of a session, xsrf-token among them",
            secret=True,
            check=check_cookie,
        ),
        Option("base-url", f"where the API is, if not at {API_URL}", check=check_base_url),
        *asking_options(minutes=MINUTES),
        *persisting_options(),
    ),
    sender=make_sender,
)
