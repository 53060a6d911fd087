"""Credentials are renewed once, however many ask, and kept before anything else happens."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from faxhooks.db.askings import find_asking
from faxhooks.providers.asking import AwayError, Values
from faxhooks.services.renewing import Renewal
from tests.story import make_service


def test_two_that_ask_at_once_renew_once_and_have_the_same(database_url: str) -> None:
    service = make_service(database_url)
    parts, account = service.parts, service.hook.faxplus_account.id
    asked: list[Values] = []

    def renew(newest: Values) -> Values:
        if newest.get("oauth-token"):
            return {"oauth-token": newest["oauth-token"]}
        asked.append(newest)
        time.sleep(0.3)
        return {"oauth-token": ("new",), "refresh-token": ("next",)}

    renewals = [Renewal(parts.database, parts.accounts, account) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda renewal: renewal(renew), renewals))
    assert [values["oauth-token"] for values in found] == [("new",), ("new",)]
    assert len(asked) == 1
    kept = parts.database.read(lambda session: parts.accounts.get(session, str(account))).config
    assert (kept["oauth-token"], kept["refresh-token"]) == (("new",), ("next",))
    parts.database.engine.dispose()


def test_one_that_fails_lets_the_next_try(database_url: str) -> None:
    service = make_service(database_url)
    parts, account = service.parts, service.hook.faxplus_account.id
    renewal = Renewal(parts.database, parts.accounts, account)

    def fail(_: Values) -> Values:
        raise AwayError("it did not answer; ask again later")

    with pytest.raises(AwayError):
        renewal(fail)
    asking = parts.database.read(lambda session: find_asking(session, account))
    assert asking is not None
    assert asking.renewing_until is None
    assert renewal(lambda _: {"oauth-token": ("new",)}) == {"oauth-token": ("new",)}
    parts.database.engine.dispose()
