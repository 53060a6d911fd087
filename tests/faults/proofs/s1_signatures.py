"""S1: signatures are exact. What was signed is believed, and nothing else.

Genuine requests of every kind are changed in every way we could think of, through the whole
application; between them come genuine ones, some in another writing of the same.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Final
from urllib.parse import quote, urlencode

from sqlalchemy import func, select

from faxhooks.db.models import CallbackRow
from faxhooks.domain.callback import Callback
from faxhooks.domain.errors import AuthenticityError
from faxhooks.domain.fax import Evidence
from faxhooks.services.accounts import Account
from tests.faults.proof import SQLITE, Finding, Proof, Trial
from tests.faults.serving import in_process
from tests.faults.telling import told
from tests.faults.wsgi import status_of
from tests.providers.signalwire.mutations import changes, resigned, says_the_same, signed, without
from tests.providers.signalwire.requests import ADAPTER, SHA256, SIGNATURE, VECTORS, vector
from tests.story import PUBLIC_URL, SIGNING_KEY, Service

STORIES: Final = ("failed", "delivered-only", "delivered-by-get", "relay-sent", "inbound-failed")
EVERY: Final = 20
"""A genuine request for so many changed ones."""
FOREIGN: Final = ("é" * 28, "\xff" * 40, "x" * 300, "\0", "")


def prove(trial: Trial) -> Finding:
    """`n` is how many changed requests there are."""
    finding = Finding()
    _vectors(finding)
    with in_process(trial) as service:
        bout = _Bout(service, trial.random())
        bout.fight(trial.n)
        kept = service.parts.database.read(
            lambda session: session.scalar(select(func.sum(CallbackRow.seen))) or 0
        )
    answers, believed = bout.answers, bout.believed
    errors = sum(n for status, n in answers.items() if status >= 500)
    finding.figures |= {
        "changed": sum(bout.changed.values()),
        "kinds": len(bout.changed),
        "genuine": bout.genuine,
        "false_accepts": sum(believed.values()),
        "false_rejects": bout.rejected,
        "5xx": errors,
        "answers": dict(sorted(answers.items())),
    }
    finding.expect(not believed, f"nothing changed is believed, but of {dict(believed)}")
    finding.expect(bout.rejected == 0, f"{bout.rejected} of {bout.genuine} genuine are refused")
    finding.expect(errors == 0, f"no changed request is answered 5xx, but {errors}")
    expected = bout.genuine - bout.rejected
    finding.expect(kept == expected, f"{expected} callbacks are kept, and nothing else, not {kept}")
    return finding


def _vectors(finding: Finding) -> None:
    """The requests signed by other hands."""
    for name in VECTORS:
        try:
            believed = ADAPTER.verify(vector(name)) is Evidence.SIGNED
        except AuthenticityError:
            believed = False
        finding.expect(believed, f"the vector {name} is believed")


class _Bout:
    """Changed and genuine requests against one service, and what became of them."""

    def __init__(self, service: Service, dice: random.Random) -> None:
        self._service = service
        self._account = service.hook.signalwire_account
        self._dice = dice
        self.changed: Counter[str] = Counter()
        self.believed: Counter[str] = Counter()
        self.answers: Counter[int] = Counter()
        self.genuine = self.rejected = 0

    def fight(self, most: int) -> None:
        """So many changed requests: of each kind as many for every genuine one."""
        share = max(12, most // 400)
        for callback in _genuine(self._account, self._dice):
            for kind, changed in changes(callback, SIGNING_KEY):
                self._try_some(callback, kind, list(changed), share)
                if self.changed.total() >= most:
                    return
            foreign = [signed(callback, value) for value in FOREIGN]
            self._try_some(callback, "foreign signature", foreign, share)

    def _try_some(self, callback: Callback, kind: str, changed: list[Callback], share: int) -> None:
        for other in self._dice.sample(changed, min(share, len(changed))):
            if says_the_same(other, callback) or _tells_nothing(other):
                continue
            self.changed[kind] += 1
            status = status_of(self._service, other)
            self.answers[status] += 1
            self.believed.update([kind] * (status < 400))
            if self.changed.total() % EVERY == 0:
                self._send_genuine(callback)

    def _send_genuine(self, callback: Callback) -> None:
        other = self._dice.choice([callback, *_harmless(callback, self._dice)])
        self.genuine += 1
        self.rejected += status_of(self._service, other) != 200


def _genuine(account: Account, dice: random.Random) -> Iterator[Callback]:
    for number in count():
        yield dice.choice(told(account, STORIES[number % len(STORIES)], dice.random()))


def _tells_nothing(callback: Callback) -> bool:
    """A GET without a query is answered 200 and never kept, which is counted in the end; what
    begins without a slash is no request to us.
    """
    query = callback.query.partition("#")[0]
    return not callback.target.startswith("/") or (callback.method == "GET" and not query)


def _harmless(callback: Callback, dice: random.Random) -> Iterator[Callback]:
    """The same, written otherwise."""
    default_port = f"{PUBLIC_URL}:443"
    yield resigned(callback, SIGNING_KEY, default_port)
    alias = {"x-twilio-signature": callback.headers[SIGNATURE]}
    bare = without(callback, SIGNATURE)
    yield replace(bare, headers={**bare.headers, **alias})
    yield signed(callback, f" {callback.headers[SIGNATURE]} ")
    if callback.is_form:
        fields = dice.sample(callback.fields, len(callback.fields))
        yield replace(callback, body=urlencode(fields, quote_via=quote).encode())
        yield replace(callback, body="&".join(_lower(field) for field in fields).encode())
        kind = f"{callback.headers['content-type']}; charset=UTF-8"
        yield replace(callback, headers={**callback.headers, "content-type": kind})
    elif callback.method == "POST":
        yield without(callback, SIGNATURE)
        yield without(callback, SHA256)


def _lower(field: tuple[str, str]) -> str:
    """Every byte percent-encoded, in lower case."""
    return "=".join("".join(f"%{byte:02x}" for byte in part.encode()) for part in field)


PROOF: Final = Proof(
    id="S1",
    promise="what was signed is believed, and nothing else",
    prove=prove,
    small=1500,
    full=100_000,
    broken=3000,
    variants=("signatures_compared_as_text", "vendors_empty_parameters", "signature_unchecked"),
    databases=(SQLITE,),
)
