"""C5: a callback may come before the provider's answer to our own request to send.

Sending is not written yet, so that its part is modelled here, over the same recording that all
who learn of a fax go through. Before the provider is asked, the fax is recorded under an id of
our own; its answer is an event that names both that id and the provider's. The callback, over
the hook, knows the provider's id alone, and comes up to 50 ms before or after the answer. Half
of the faxes are Fax.Plus's second attempts, which have an id more. Sender and receiver have a
pool of connections each, as two processes have.
"""

import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from faxhooks.db.engine import Database
from faxhooks.db.faxes import Home
from faxhooks.db.models import EventRow, FaxRow, ReferenceRow
from faxhooks.domain.fax import Evidence, FaxEvent, FaxStatus, Reference, Source
from faxhooks.services.accounts import Account
from faxhooks.services.claiming import Fact
from faxhooks.services.recording import record
from tests.faults.proof import Finding, Proof, Trial
from tests.faults.serving import in_process
from tests.story import Hook

_MOST_APART = 0.05
_AT_ONCE = 12


class Sender:
    """Who sends faxes: records that it will, and what the provider answered."""

    def __init__(self, database: Database, account: Account) -> None:
        self._database = database
        self._home = Home(account.id, account.provider)

    def begin(self, fax: str) -> None:
        """Recorded before a provider is asked."""
        self._record(f"{fax} is to be sent", f"own-{fax}")

    def hear(self, fax: str) -> None:
        """The provider's answer, which names its id."""
        self._record(f"{fax} was taken", f"own-{fax}", fax)

    def _record(self, said: str, *references: str) -> None:
        event = FaxEvent(
            digest=sha256(said.encode()).digest(),
            references=tuple(map(Reference, references)),
            received_at=datetime.now(UTC),
            status=FaxStatus.QUEUED,
            source=Source.SEND,
            evidence=Evidence.OWN,
        )
        self._database.write(lambda session: record(session, [Fact(self._home, event)]))


def prove(trial: Trial) -> Finding:
    """Send them all, then look at what became of each."""
    random = trial.random()
    apart = [random.uniform(-_MOST_APART, _MOST_APART) for _ in range(trial.n)]
    with in_process(trial) as service:
        hook, url = service.hook, service.parts.database.engine.url
        own = Database(url.render_as_string(hide_password=False), pool_size=_AT_ONCE)
        senders = [Sender(own, each) for each in (hook.signalwire_account, hook.faxplus_account)]
        with ThreadPoolExecutor(_AT_ONCE) as faxes, ThreadPoolExecutor(_AT_ONCE) as answers:

            def send(number: int) -> int:
                """The status code that the callback was answered with."""
                fax, sender = f"f{number}", senders[number % 2]
                sender.begin(fax)
                answer = answers.submit(_after, -apart[number], sender.hear, fax)
                code: int = _after(apart[number], _call_back, hook, number)
                answer.result()
                return code

            refused = sum(code != 200 for code in faxes.map(send, range(trial.n)))
        finding = own.read(lambda session: _look(session, trial.n))
        own.engine.dispose()
    finding.figures["refused"] = refused
    finding.expect(refused == 0, f"no callback is refused: {refused} were")
    return finding


def _after(seconds: float, step: Callable[..., Any], *arguments: Any) -> Any:
    time.sleep(max(0.0, seconds))
    return step(*arguments)


def _call_back(hook: Hook, number: int) -> int:
    fax = f"f{number}"
    if number % 2:
        answer = hook.faxplus(fax, "success", attempt=f"second-{fax}")
    else:
        answer = hook.signalwire(FaxSid=fax, FaxStatus="delivered")
    return int(answer.status_code)


def _look(session: Session, count: int) -> Finding:
    """One fax each, which has all three facts and all of its ids, and is delivered."""
    ids: dict[UUID, set[str]] = defaultdict(set)
    for fax_id, reference in session.execute(select(ReferenceRow.fax_id, ReferenceRow.reference)):
        ids[fax_id].add(reference)
    faxes = session.scalars(select(FaxRow).where(FaxRow.merged_into.is_(None))).all()
    stand = {frozenset(ids[fax.id]): (fax.status, fax.events) for fax in faxes}
    wrong = sum(stand.get(_ids(number)) != ("delivered", 3) for number in range(count))
    met = EventRow.source == Source.CALLBACK, EventRow.seq == 2
    before = session.scalar(select(func.count()).select_from(EventRow).where(*met)) or 0
    merged = select(func.count()).select_from(FaxRow).where(FaxRow.merged_into.is_not(None))
    figures = {"faxes": len(faxes), "callback_first": before, "merged": session.scalar(merged)}
    finding = Finding({**figures, "wrong": wrong})
    finding.expect(len(faxes) == count, f"one fax each: {len(faxes)} of {count}")
    finding.expect(wrong == 0, f"each is delivered, with all facts and ids: {wrong} are not")
    finding.expect(0 < before < count, f"callbacks come before and after: {before} before")
    return finding


def _ids(number: int) -> frozenset[str]:
    fax = f"f{number}"
    return frozenset({fax, f"own-{fax}", *([f"second-{fax}"] if number % 2 else [])})


PROOF = Proof(
    id="C5",
    promise="the callback beats our own send reply",
    prove=prove,
    small=60,
    full=2000,
    broken=60,
    variants=("unknown_faxes_are_404",),
)
