"""C2: a final is final, and a contradiction shows.

Two ends that disagree, an open word between them and the first end once more, in all orders and
with every relation of their times, told by both providers. Then the provider's own answer is
recorded, as a poll will bring it.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import Any, Final

from faxhooks.db.faxes import Home
from faxhooks.domain.fax import Evidence, Flag, Source
from faxhooks.services.claiming import Fact
from faxhooks.services.recording import record
from tests.faults.believed import Believed, believed
from tests.faults.proof import Finding, Proof, Trial
from tests.faults.serving import in_process
from tests.story import Hook, Service

ENDS: Final = {
    "signalwire": ("delivered", "received", "no-answer", "busy", "failed", "canceled"),
    "faxplus": ("success", "partially_sent", "failed_user_busy", "failed_no_answer", "failed"),
}
OPEN: Final = {"signalwire": "sending", "faxplus": "in_progress"}
TIMES: Final = ((None, None), (1, 1), (1, 2), (2, 1), (None, 1), (1, None))
"""Of the first and the second end."""


@dataclass(frozen=True)
class Story:
    """Words with their minutes, in the order in which they are told of one fax."""

    provider: str
    words: tuple[tuple[str, int | None], ...]

    def __str__(self) -> str:
        said = (word if minute is None else f"{word} at {minute}" for word, minute in self.words)
        return f"{self.provider}: {', '.join(said)}"

    def tell(self, hook: Hook, fax: str) -> None:
        for word, minute in self.words:
            time = "" if minute is None else f"2026-01-13 21:{minute:02d}:00"
            if self.provider == "signalwire":
                answer = hook.signalwire(FaxSid=fax, FaxStatus=word, Timestamp=time)
            else:
                answer = hook.faxplus(fax, word, event_time=time)
            assert answer.status_code == 200, answer.status_code


def prove(trial: Trial) -> Finding:
    """`n` is how many stories are told, of all there are."""
    every = list(stories())
    told = trial.random().sample(every, min(trial.n, len(every)))
    finding = Finding({"told": len(told)})
    with in_process(trial) as service:
        for number, story in enumerate(told):
            story.tell(service.hook, f"f{number}")
        known = believed(service)
        for number, story in enumerate(told):
            _check(finding, known[f"f{number}"], story)
        asked = sum(fax.poll_at is not None for fax in known.values())
        finding.expect(asked == len(told), f"{len(told)} polls are asked for, not {asked}")
        finding.figures["polls_asked"] = asked
        _settle(finding, service, trial.random())
    finding.untrue = finding.untrue[:5]
    return finding


def stories() -> Iterator[Story]:
    """Every one there is."""
    for provider, ends in ENDS.items():
        for (first, second), (early, late) in _cases(ends):
            said = [(first, early), (OPEN[provider], 3), (second, late), (first, early)]
            for order in dict.fromkeys(permutations(said)):
                yield Story(provider, order)


def _cases(ends: tuple[str, ...]) -> Iterator[Any]:
    return ((pair, times) for pair in combinations(ends, 2) for times in TIMES)


def _check(finding: Finding, fax: Believed, story: Story) -> None:
    fax.expect_ruled(finding, story)
    finding.expect(Flag.CONFLICT in fax.row.flags, f"{story} shows the contradiction")
    finding.expect(
        fax.verdicts.count("conflict") == 1, f"{story} is a conflict once in its history"
    )
    finding.expect(len(fax.entries) == 3, f"{story} has three events, not {len(fax.entries)}")


def _settle(finding: Finding, service: Service, dice: random.Random) -> None:
    """One of the two ends is confirmed: it decides, nothing contradicts it, nobody is asked."""
    ended = {}
    facts = []
    for fax, known in believed(service).items():
        ends = [e.event for e in known.entries if e.event.status and e.event.status.is_final]
        truth = dice.choice(ends)
        ended[fax] = truth.status
        confirmed = truth._replace(
            digest=bytes(reversed(truth.digest)),
            evidence=Evidence.CONFIRMED,
            source=Source.POLL,
            occurred_at=None,
        )
        facts.append(Fact(Home(known.row.account_id, known.row.provider), confirmed))
    service.parts.database.write(lambda session: record(session, facts), seconds=60)
    settled = believed(service)
    for fax, status in ended.items():
        row = settled[fax].row
        finding.expect(row.status == status, f"the confirmed {status} decides, not {row.status}")
        finding.expect(not row.flags, f"the confirmed {status} clears the flag")
        finding.expect(row.next_poll_at is None, f"the confirmed {status} ends the asking")


PROOF: Final = Proof(
    id="C2",
    promise="a final is final, and a contradiction shows",
    prove=prove,
    small=40,
    full=900,
    broken=60,
    variants=("a_final_may_reopen", "contradictions_pass_unseen", "nobody_is_asked"),
)
