"""S5: whatever a provider may write is kept as it came, and nothing breaks over it later.

Each strange value stands in each field of both providers, in requests that are authentic.
Afterwards everything that shows faxes and callbacks still does.
"""

import csv
import io
import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import select

from faxhooks.db.models import CallbackRow, FaxRow
from faxhooks.services.keys import create_key
from tests.faults.proof import Finding, Proof, Trial
from tests.faults.serving import in_process
from tests.faults.strange_requests import Strange, strange_requests
from tests.faults.wsgi import status_of
from tests.story import Api, Service

Raw = tuple[str, str, bytes]
ALONE: Final = 400
"""So many faxes and callbacks are asked for by themselves."""
GROUPS: Final = "provider,account,status,reason,destination"


def prove(trial: Trial) -> Finding:
    """`n` is how many strange requests are sent, of all there are."""
    finding = Finding()
    with in_process(trial) as service:
        every = list(strange_requests(service.hook))
        sent = trial.random().sample(every, min(trial.n, len(every)))
        _send(finding, service, sent)
        _look_at_rows(finding, service, sent)
        _ask_everything(finding, service, trial.random())
    finding.untrue = finding.untrue[:5]
    return finding


def _send(finding: Finding, service: Service, sent: Sequence[Strange]) -> None:
    answers: Counter[int] = Counter()
    for strange in sent:
        status = status_of(service, strange.callback)
        answers[status] += 1
        right = 200 if strange.signable else 403
        finding.expect(status == right, f"{strange.name} is answered {right}, not {status}")
    finding.figures |= {
        "sent": len(sent),
        "answers": dict(answers),
        "5xx": sum(n for status, n in answers.items() if status >= 500),
    }


def _look_at_rows(finding: Finding, service: Service, sent: Sequence[Strange]) -> None:
    """Every request that was authentic is there, byte for byte, and none broke our reading."""
    columns = CallbackRow.method, CallbackRow.query, CallbackRow.body, CallbackRow.reason
    rows = service.parts.database.read(lambda session: session.execute(select(*columns)).all())
    kept: set[Raw] = {(method, query, bytes(body)) for method, query, body, _ in rows}
    lost = [
        strange.name
        for strange in sent
        if strange.signable
        and (strange.callback.method, strange.callback.query, strange.callback.body) not in kept
    ]
    broken = [reason for *_, reason in rows if reason and reason.startswith("internal")]
    finding.figures |= {"kept": len(rows), "lost": len(lost), "internal": len(broken)}
    finding.expect(not lost, f"raw bytes are kept, but not of {lost[:3]}")
    finding.expect(not broken, f"none is beyond our reading, but {len(broken)}: {set(broken)}")


def _ask_everything(finding: Finding, service: Service, dice: random.Random) -> None:
    """The whole of the lists, of the feed and of both exports; statistics; and some faxes, their
    histories and some callbacks alone.
    """
    write = service.parts.database.write
    _, key = write(lambda session: create_key(session, "all", ["read", "raw"]))
    api = Api(service.api.transport, key)
    answers: Counter[int] = Counter()

    def ask(path: str, accept: str = "application/json") -> Any:
        headers = {"Authorization": f"Bearer {key}", "Accept": accept}
        answer = api.transport.send("GET", f"/api/v1{path}", headers, b"")
        answers[answer.status_code] += 1
        finding.expect(answer.status_code == 200, f"{path} is 200, not {answer.status_code}")
        clean = not path.startswith("/faxes") or "\\u0000" not in answer.text
        finding.expect(clean, f"{path} shows no NUL")
        return answer

    faxes, callbacks = (list(_rows(ask, path)) for path in ("/faxes", "/callbacks"))
    for fax in dice.sample(faxes, min(ALONE, len(faxes))):
        ask(f"/faxes/{fax['id']}")
        ask(f"/faxes/{fax['id']}/history")
    for row in dice.sample(callbacks, min(ALONE, len(callbacks))):
        ask(f"/callbacks/{row['id']}")
    ask(f"/stats?group_by={GROUPS}&bucket=month")
    after = 0
    while (page := ask(f"/changes?after={after}&limit=200").json)["data"]:
        after = page["next_after"]
    lines = ask("/faxes", "application/x-ndjson").text.splitlines()
    table = csv.reader(io.StringIO(ask("/faxes", "text/csv").text, newline=""), strict=True)
    exported = (len([json.loads(line) for line in lines]), len(list(table)) - 1)
    known = service.parts.database.read(
        lambda session: len(
            session.scalars(select(FaxRow.id).where(FaxRow.merged_into.is_(None))).all()
        )
    )
    finding.figures |= {"faxes": known, "asked": answers.total()}
    finding.expect(len(faxes) == known, f"{known} faxes are listed, not {len(faxes)}")
    finding.expect(exported == (known, known), f"{known} faxes are exported, not {exported}")


def _rows(ask: Any, path: str) -> Iterator[dict[str, Any]]:
    page = ask(f"{path}?limit=200").json
    yield from page["data"]
    while page["next_cursor"]:
        page = ask(f"{path}?limit=200&cursor={page['next_cursor']}").json
        yield from page["data"]


PROOF: Final = Proof(
    id="S5",
    promise="whatever a provider may write is kept as it came and breaks nothing",
    prove=prove,
    small=100,
    full=10_000,
    broken=400,
    variants=("text_kept_uncleaned", "bodies_kept_as_text"),
)
