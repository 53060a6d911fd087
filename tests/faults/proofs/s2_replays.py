"""S2: a request that somebody recorded is harmless when it is sent again.

To the same URL it changes nothing but the count of how often it came. To another account's URL
it is refused, also where that account has the same signing key. Fax.Plus signs nothing: who
knows another account's URL may tell it anything, yet nothing of the first account changes.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any, Final

from sqlalchemy import select

from faxhooks.db.models import CallbackRow, FaxRow, Row
from faxhooks.domain.callback import Callback
from faxhooks.services.accounts import Account
from tests.faults.proof import Finding, Proof, Trial
from tests.faults.serving import in_process
from tests.faults.telling import stories
from tests.faults.wsgi import status_of
from tests.story import PROJECT, SIGNING_KEY, Service, target

OF_ANOTHER_KEY: Final = "PSK_anotherAccountsKey012345"
COUNTED: Final = {"seen", "last_seen_at"}

Kept = Mapping[str, Counter[str]]


def prove(trial: Trial) -> Finding:
    """`n` is how many requests are recorded, half of each provider."""
    finding = Finding()
    dice = trial.random()
    with in_process(trial) as service:
        mine = (service.hook.signalwire_account, service.hook.faxplus_account)
        signed, unsigned = (list(islice(stories(own, trial.seed), trial.n // 2)) for own in mine)
        recorded = [*signed, *unsigned]
        theirs = _other_accounts(service)
        first = _send(service, recorded)
        before = _kept(service, mine)
        again = _send(service, dice.sample(recorded, len(recorded)))
        changes = _differences(before, _kept(service, mine))
        seen = _seen(service)
        crossed = [_crossed(service, signed, other) for other in theirs["signalwire"]]
        crossed.append(_crossed(service, unsigned, theirs["signalwire"][0]))
        _crossed(service, unsigned, theirs["faxplus"][0])
        others = _differences(before, _kept(service, mine))
    accepts = sum(n for told in crossed for status, n in told.items() if status != 403)
    finding.figures = {
        "recorded": len(recorded),
        "replayed": again[200],
        "changes": changes,
        "crossed": sum(told.total() for told in crossed),
        "cross_account_accepts": accepts,
        "5xx": sum(n for told in (again, *crossed) for status, n in told.items() if status >= 500),
    }
    finding.expect(set(first) == set(again) == {200}, f"all are answered 200, not {again}")
    finding.expect(changes == 0, f"a replay changes nothing, not {changes} rows")
    finding.expect(seen == 2 * len(recorded), f"{2 * len(recorded)} were counted, not {seen}")
    finding.expect(accepts == 0, f"another account refuses all, not all but {accepts}")
    finding.expect(others == 0, f"another account's callbacks change nothing, not {others} rows")
    return finding


def _other_accounts(service: Service) -> Mapping[str, list[Account]]:
    """Two of SignalWire's, of which the first shares our key, and one of Fax.Plus's."""
    parts = service.parts

    def signing(key: str) -> dict[str, list[str]]:
        return {"project-id": [PROJECT], "signing-key": [key]}

    return parts.database.write(
        lambda session: {
            "signalwire": [
                parts.accounts.add(session, "signalwire", key[-4:], signing(key))
                for key in (SIGNING_KEY, OF_ANOTHER_KEY)
            ],
            "faxplus": [parts.accounts.add(session, "faxplus", "other", {})],
        }
    )


def _send(service: Service, callbacks: Iterable[Callback]) -> Counter[int]:
    return Counter(status_of(service, callback) for callback in callbacks)


def _crossed(service: Service, callbacks: Iterable[Callback], other: Account) -> Counter[int]:
    """The same requests at another account's URL."""
    where = target(other.hook_url)
    return _send(
        service,
        (
            replace(callback, target=where + callback.target[len(callback.target.split("?")[0]) :])
            for callback in callbacks
        ),
    )


def _kept(service: Service, accounts: Iterable[Account]) -> Kept:
    """Every row of every table that tells of these accounts' faxes; how often is no change."""
    ids = [account.id for account in accounts]
    own_faxes = select(FaxRow.id).where(FaxRow.account_id.in_(ids))

    def ask(session: Any) -> dict[str, Counter[str]]:
        found = {}
        for table in Row.metadata.sorted_tables:
            statement = select(*(column for column in table.columns if column.name not in COUNTED))
            if "account_id" in table.columns:
                statement = statement.where(table.c.account_id.in_(ids))
            elif "fax_id" in table.columns:
                statement = statement.where(table.c.fax_id.in_(own_faxes))
            else:
                continue
            found[table.name] = Counter(repr(row) for row in session.execute(statement))
        return found

    return service.parts.database.read(ask, seconds=60)


def _differences(before: Kept, after: Kept) -> int:
    """Rows that are there only before or only after."""
    return sum(
        (before[name] - after[name]).total() + (after[name] - before[name]).total()
        for name in before
    )


def _seen(service: Service) -> int:
    """How often all callbacks came."""
    rows = service.parts.database.read(
        lambda session: list(session.scalars(select(CallbackRow.seen)))
    )
    return sum(rows)


PROOF: Final = Proof(
    id="S2",
    promise="a recorded request is harmless when it is sent again",
    prove=prove,
    small=200,
    full=1000,
    broken=200,
    variants=("every_arrival_is_news", "any_of_our_urls_will_do"),
)
