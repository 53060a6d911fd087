"""What a VoipNow account is made of.

Sources: the pages on authorization and on creating faxes. Two editions of the API differ in the
form of a request under the same path, and no page says which server has which; so it is chosen.
"""

from urllib.parse import urlsplit

from faxhooks.providers.asking import Renewing
from faxhooks.providers.authorizing import Authorized
from faxhooks.providers.base import Config, Option, Provider, asking_options
from faxhooks.providers.calling import Caller, check_base_url
from faxhooks.providers.persisting import persisting_options
from faxhooks.providers.unified.account import MINUTES, check_secret, fax_options
from faxhooks.providers.unified.sender import FORMS, MULTIPART, Terms, UnifiedSender
from faxhooks.providers.unified.tokens import ACCESS, UNTIL, Application, ClientTokens
from faxhooks.providers.unified.words import code_of

TITLE = "VoipNow"


def check_form(value: str) -> str:
    """The form of a request. Raises ValueError for anything but the two."""
    form = value.strip().lower()
    if form not in FORMS:
        raise ValueError(f"must be one of {', '.join(FORMS)}")
    return form


def check_redirect(value: str) -> str:
    """An application's redirect address. Raises ValueError for anything else."""
    address = value.strip()
    parts = urlsplit(address)
    if not (address.isascii() and address.isprintable() and " " not in address and parts.scheme):
        raise ValueError("must be the address that the application is registered with")
    return address


def make_sender(config: Config, renewing: Renewing) -> UnifiedSender | None:
    """What sends with one account; None where the application's credentials are missing."""
    address, client, secret, extension = (
        next(iter(config.get(name, ())), "")
        for name in ("base-url", "client-id", "client-secret", "extension")
    )
    if not (address and client and secret and extension):
        return None
    redirect = VOIPNOW.value(config, "redirect-uri") or ""
    application = Application(address, client, secret, redirect)
    tokens = ClientTokens(TITLE, application, config, renewing)
    terms = Terms(
        name="voipnow",
        title=TITLE,
        extension=extension,
        user=VOIPNOW.value(config, "user-id") or "@me",
        form=VOIPNOW.value(config, "form") or MULTIPART,
        files=int(VOIPNOW.value(config, "files-per-fax") or 1),
        prefix=VOIPNOW.value(config, "dial-prefix") or "",
    )
    return UnifiedSender(Authorized(Caller(TITLE, address, code_of), tokens), terms)


VOIPNOW = Provider(
    name="voipnow",
    title=TITLE,
    options=(
        Option(
            "base-url",
            "where the server is, such as https://voipnow.example.com",
            required=True,
            check=check_base_url,
        ),
        Option("client-id", "the application's id", required=True, check=check_secret),
        Option(
            "client-secret",
            "the application's secret",
            secret=True,
            required=True,
            check=check_secret,
        ),
        Option(
            "redirect-uri",
            "the address that the application is registered with",
            required=True,
            check=check_redirect,
        ),
        *fax_options(),
        Option(
            "form",
            "multipart: files go with the request, as in v3 and v4; json: each is uploaded "
            "to an address that is given, as in v5",
            default=MULTIPART,
            check=check_form,
        ),
        Option(
            ACCESS,
            "the access token, got and renewed with the application's credentials",
            secret=True,
            check=check_secret,
        ),
        Option(UNTIL, "until when that token is used; kept with it", check=check_secret),
        *asking_options(minutes=MINUTES),
        *persisting_options(),
    ),
    sender=make_sender,
)
