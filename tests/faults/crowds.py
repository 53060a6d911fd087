"""Many callbacks about one fax, and a crowd that sends callbacks all at once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from urllib.parse import urlencode

from faxhooks.services.accounts import Account
from faxhooks.simulator.signalwire import STATUSES
from faxhooks.simulator.story import FORM, Prepared
from tests.faults.ledger import Ledger
from tests.faults.provider import FOR_EVER, Patience, Provider
from tests.story import signature

_NOON = datetime(2026, 9, 9, 12, tzinfo=UTC)


def one_fax(account: Account, count: int, random: Random) -> list[Prepared]:
    """So many different SignalWire callbacks about one fax, a second apart, mixed.

    They say all words again and again, finals as well, so that only the fold of all of them
    knows where the fax stands.
    """
    fax = f"{random.getrandbits(128):032x}"
    words = sorted(STATUSES)
    told = []
    for number in range(count):
        time = (_NOON + timedelta(seconds=number)).isoformat()
        form = {"FaxSid": fax, "FaxStatus": words[number % len(words)], "Timestamp": time}
        headers = {
            "Content-Type": FORM,
            "X-SignalWire-Signature": signature(account.hook_url, form),
        }
        body = urlencode(form).encode()
        told.append(Prepared(fax, "POST", account.hook_url, headers, body))
    random.shuffle(told)
    return told


def tell(
    port: int,
    callbacks: Sequence[Prepared],
    path: Path,
    *,
    clients: int,
    seconds: float,
    patience: Patience = FOR_EVER,
) -> None:
    """Send all of these from so many clients at once; the ledger is kept at `path`.

    Each over a connection of its own: those that are kept open may all have been accepted by
    one process, which does not race with itself.
    """
    alone = [replace(each, headers={**each.headers, "Connection": "close"}) for each in callbacks]
    book = Ledger(path)
    try:
        Provider(port, book, patience).tell(alone, clients=clients, seconds=seconds)
    finally:
        book.close()
