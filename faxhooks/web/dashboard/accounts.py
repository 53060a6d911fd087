"""Accounts: who may call us, added, rotated, turned off and on."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from faxhooks.db.arrivals import list_last_arrivals
from faxhooks.db.askings import list_askings
from faxhooks.domain.errors import InvalidInputError, NotFoundError
from faxhooks.providers.registry import PROVIDERS, get_provider
from faxhooks.services.accounts import Account
from faxhooks.services.overviewing import LOOK_BACK
from faxhooks.web.auth import actor, requires, visible_accounts
from faxhooks.web.dashboard.optionforms import fields_of, given_values
from faxhooks.web.dashboard.shell import make_pages
from faxhooks.web.parts import parts

pages = make_pages("accounts")


@pages.get("/accounts")
@requires("read")
def index() -> str:
    """Every account that may be seen, with what was last heard of it."""
    visible, since = visible_accounts(), datetime.now(UTC) - LOOK_BACK

    def ask(session: Session) -> Any:
        found = [
            account
            for account in parts().accounts.list_all(session)
            if visible is None or account.id in visible
        ]
        arrivals = list_last_arrivals(session, since, [account.id for account in found])
        askings = list_askings(session)
        return [(each, arrivals.get(each.id), askings.get(each.id)) for each in found]

    shown = parts().database.read(ask)
    return render_template("accounts.html", accounts=shown, providers=PROVIDERS)


@pages.get("/accounts/new/<provider>")
@requires("admin", every_account=True)
def ask_new(provider: str) -> str:
    """The form for a new account."""
    return _form(provider)


@pages.post("/accounts/new/<provider>")
@requires("admin", every_account=True)
def add(provider: str) -> Any:
    """Make it, and go on to its set-up; what is wrong is said at its field."""
    options, form, who = get_provider(provider).options, request.form, actor()
    values, label = given_values(options, form), form.get("label", "")
    try:
        made = parts().database.write(
            lambda session: parts().accounts.add(session, provider, label, values, actor=who)
        )
    except InvalidInputError as fault:
        return _form(provider, fault), 400
    page = "dashboard_setting_up.show" if PROVIDERS[provider].has_hook else ".show"
    return redirect(url_for(page, account_id=made.id), 303)


@pages.get("/accounts/<uuid:account_id>")
@requires("admin")
def show(account_id: UUID) -> str:
    """One account: its hook URLs, its options, and what may be done with it."""
    return _page(find_account(account_id))


@pages.post("/accounts/<uuid:account_id>/rotate")
@requires("admin")
def rotate(account_id: UUID) -> Any:
    """Put new values in front of the old ones, or a new hook URL."""
    account, form, who = find_account(account_id), request.form, actor()
    values = given_values(get_provider(account.provider).options, form, account.config)
    token = form.get("hook_token") == "new"
    if not values and not token:
        return _page(account, said="Nothing was changed: no field has another value.")
    try:
        parts().database.write(
            lambda session: parts().accounts.rotate(
                session, str(account_id), values, token=token, actor=who
            )
        )
    except InvalidInputError as fault:
        return _page(account, fault), 400
    return _back(account_id)


@pages.post("/accounts/<uuid:account_id>/drop-old")
@requires("admin")
def drop_old(account_id: UUID) -> Any:
    """Keep only the newest values and the newest hook URL."""
    find_account(account_id)
    name, who = str(account_id), actor()
    parts().database.write(lambda session: parts().accounts.drop_old(session, name, actor=who))
    return _back(account_id)


@pages.post("/accounts/<uuid:account_id>/turn")
@requires("admin")
def turn(account_id: UUID) -> Any:
    """Turn the account's hook off, or on again."""
    find_account(account_id)
    disabled, name, who = request.form.get("hook") == "off", str(account_id), actor()
    parts().database.write(
        lambda session: parts().accounts.set_disabled(session, name, disabled, actor=who)
    )
    return _back(account_id)


def find_account(account_id: UUID) -> Account:
    """An account that may be seen. Raises NotFoundError."""
    visible = visible_accounts()
    if visible is not None and account_id not in visible:
        raise NotFoundError("there is no such account")
    try:
        return parts().database.read(lambda session: parts().accounts.get(session, str(account_id)))
    except NotFoundError:  # Its words are those of the command line.
        raise NotFoundError("there is no such account") from None


def _back(account_id: UUID) -> Any:
    return redirect(url_for(".show", account_id=account_id), 303)


def _form(provider: str, fault: InvalidInputError | None = None) -> str:
    found = get_provider(provider)
    fields = fields_of(found.options, given=request.form, fault=fault)
    known = fault is not None and fault.field in {field.name for field in fields}
    return render_template(
        "account_new.html",
        provider=found,
        fields=fields,
        label=request.form.get("label", "")[:100],
        fault=None if fault is None or known else str(fault),
    )


def _page(account: Account, fault: InvalidInputError | None = None, said: str | None = None) -> str:
    provider = get_provider(account.provider)
    given = request.form if fault is not None else None
    fields = fields_of(provider.options, given=given, config=account.config, fault=fault)
    old = len(account.hook_urls) > 1 or any(len(kept) > 1 for kept in account.config.values())
    return render_template(
        "account.html", account=account, provider=provider, fields=fields, old=old, said=said
    )
