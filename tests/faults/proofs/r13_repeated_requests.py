"""R13: a request to send that is repeated fifty times at once, under one key, is one fax."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from sqlalchemy import func, select

from faxhooks.db.sendmodels import SendRow
from faxhooks.domain.errors import ConflictError
from faxhooks.services.ordering import Request
from faxhooks.services.repeating import Key
from faxhooks.services.submitting import Submissions
from tests.asked import world
from tests.fakes import TO
from tests.faults.proof import BOTH, SQLITE, Finding, Proof, Trial
from tests.ordered import ORDER, dispatch

AT_ONCE: Final = 50
IN_FLIGHT: Final = "in flight"


def prove(trial: Trial) -> Finding:
    """One key after the other, each by fifty threads; then the provider counts."""
    with world(trial.database_url()) as made, trial.broken(), ThreadPoolExecutor(AT_ONCE) as pool:
        submissions = Submissions(made.parts, made.time.now)
        request = Request(recipients=(TO,), order=ORDER)

        def submit(number: int) -> Any:
            """The id of the fax that the answer is about, or that there is no answer yet."""
            key = Key("test", f"key-{number}", b"the same")
            try:
                answer = submissions.submit(
                    request, "asked-faxplus", actor="test", visible=None, key=key
                )
            except ConflictError:
                return IN_FLIGHT
            return answer["id"]

        told = [[*pool.map(submit, [number] * AT_ONCE)] for number in range(trial.n)]
        entered = made.parts.database.read(
            lambda s: s.scalar(select(func.count()).select_from(SendRow)) or 0
        )
        while dispatch(made)["sent"]:
            pass
        fake: Any = made.fakes["faxplus"]
        sent = len(fake.faxes)
    answers = sum(len({*each} - {IN_FLIGHT}) != 1 for each in told)
    waiting = sum(each.count(IN_FLIGHT) for each in told)
    finding = Finding(
        {"requests": trial.n * AT_ONCE, "in_flight": waiting, "entered": entered, "sent": sent}
    )
    finding.expect(answers == 0, f"all answers to a key are about one fax: of {answers} not")
    finding.expect(entered == trial.n, f"one fax for a key: {entered} for {trial.n}")
    finding.expect(sent == trial.n, f"each is sent once: {sent} for {trial.n}")
    return finding


PROOF = Proof(
    id="R13",
    promise="a repeated request to send has one effect",
    prove=prove,
    small=3,
    full=40,
    broken=3,
    variants=("look_before_claiming",),
    databases=BOTH,
    # Its one writer lets nobody in between a look and an insert.
    unfit=frozenset({(SQLITE, "look_before_claiming")}),
)
