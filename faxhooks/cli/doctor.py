"""Everything that a newcomer, or a tired operator, can have wrong."""

from collections.abc import Iterator
from urllib.parse import urlsplit
from uuid import UUID

import click
import requests
from sqlalchemy.orm import Session

from faxhooks.cli.askingfindings import check_asking
from faxhooks.cli.context import Context, Deployment, pass_context
from faxhooks.cli.findings import Finding, Level, check_database, report, said_and_advised
from faxhooks.cli.hookfindings import check_hooks
from faxhooks.db import inbox
from faxhooks.db.callbacklists import CallbackFilter, list_ids
from faxhooks.db.keys import list_keys
from faxhooks.domain.errors import SettingsError
from faxhooks.services.parts import Parts

_LOCAL = ("localhost", "127.0.0.1", "::1")
_SECONDS = 3


@click.command()
@click.option("--ask", is_flag=True, help="Ask the providers too which hook URLs they call.")
@pass_context
def doctor(context: Context, ask: bool) -> None:
    """Look at everything that may be wrong, and say what to do about it."""
    report(context, examine(context, ask))


def examine(context: Context, ask: bool) -> Iterator[Finding]:
    """One finding after the other; what hangs on a faulty one is not looked at."""
    try:
        settings, parts = context.settings, context.composed
    except SettingsError as error:
        yield Finding("settings", Level.FAULT, str(error), "set these variables, then try again")
        return
    yield Finding("settings", Level.OK, f"read, for {settings.env}")
    yield _public_url(settings)
    sound = True
    for finding in check_database(parts.database):
        sound = sound and finding.level is Level.OK
        yield finding
    if sound:
        yield from _content(parts, ask)
    yield from _service(settings)


def _public_url(settings: Deployment) -> Finding:
    local = urlsplit(settings.public_url).hostname in _LOCAL
    if not local:
        return Finding("public URL", Level.OK, f"providers are told {settings.public_url}")
    if settings.env == "production":
        said = f"PUBLIC_URL is {settings.public_url}, which no provider can reach"
        return Finding("public URL", Level.FAULT, said, "set it to what providers shall call")
    said = f"{settings.public_url} is for this machine only"
    advice = "`faxhooks simulate` reaches it; for a provider, set PUBLIC_URL to a tunnel's address"
    return Finding("public URL", Level.WARNING, said, advice)


def _content(parts: Parts, ask: bool) -> Iterator[Finding]:
    """What is in the database, or is not there yet."""
    try:
        yield from parts.database.read(lambda session: _accounts(session, parts))
    except SettingsError as error:
        yield Finding("secrets", Level.FAULT, *said_and_advised(str(error)))
        return
    yield from parts.database.read(_keys_and_inbox)
    yield from parts.database.read(lambda session: check_asking(session, parts))
    if ask:
        yield from check_hooks(parts)


def _accounts(session: Session, parts: Parts) -> list[Finding]:
    accounts = parts.accounts.list_all(session)
    if not accounts:
        advice = "add one with `faxhooks account add`"
        return [Finding("accounts", Level.WARNING, "there is no account yet", advice)]
    findings = [Finding("accounts", Level.OK, f"{len(accounts)} in all")]
    for account in accounts:
        if account.disabled_at is not None:
            said = f"{account.label} is disabled; its hook answers 404"
            advice = f"if it should not be: `faxhooks account enable {account.id}`"
            findings.append(Finding("accounts", Level.WARNING, said, advice))
        elif account.hook_url and not _has_callbacks(session, account.id):
            said = f"{account.label} has not had a single callback yet"
            advice = f"is this URL registered at the provider? {account.hook_url}"
            findings.append(Finding("accounts", Level.WARNING, said, advice))
    return findings


def _has_callbacks(session: Session, account_id: UUID) -> bool:
    return bool(list_ids(session, CallbackFilter(accounts=[str(account_id)]), limit=1)[0])


def _keys_and_inbox(session: Session) -> list[Finding]:
    keys = [key for key in list_keys(session) if key.revoked_at is None]
    unread = inbox.count_unread(session)
    findings = [Finding("API keys", Level.OK, f"{len(keys)} in use")]
    if not keys:
        advice = "make one with `faxhooks key create --label NAME`"
        findings = [Finding("API keys", Level.WARNING, "nobody can ask the API yet", advice)]
    if unread:
        said = f"{unread} callbacks were not understood"
        advice = "`faxhooks callbacks list --verdict unrecognized` says why"
        findings.append(Finding("callbacks", Level.WARNING, said, advice))
    return findings


def _service(settings: Deployment) -> Iterator[Finding]:
    """Whether it runs: here, and where providers look for it."""
    advice = "start it, with `make run` or the web command in the Procfile"
    yield _answers("service", f"http://127.0.0.1:{settings.port}", advice)
    if urlsplit(settings.public_url).hostname not in _LOCAL:
        advice = "look at the name, the certificate and the proxy in front of the service"
        yield _answers("public URL", settings.public_url, advice)


def _answers(check: str, base_url: str, advice: str) -> Finding:
    """A warning at most: the service may run on another machine than this command."""
    url = f"{base_url}/healthz"
    with requests.Session() as session:
        session.trust_env = False  # A proxy for the world outside would answer in our place.
        try:
            status = session.get(url, timeout=_SECONDS, allow_redirects=False).status_code
        except requests.RequestException as error:
            said = f"{url} does not answer ({type(error).__name__})"
            return Finding(check, Level.WARNING, said, advice)
    if status == requests.codes.ok:
        return Finding(check, Level.OK, f"{url} answers")
    return Finding(check, Level.WARNING, f"{url} answers {status}, not 200", advice)
