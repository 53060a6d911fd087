"""C1: the same facts make the same fax, in whatever order they come.

The words of both providers are read by their own adapters. Words that become the same but for
their spelling are one kind: sets of half the size are drawn from every word, larger ones from
one word of each kind.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from typing import Any, Final

from faxhooks.domain import lifecycle
from faxhooks.domain.errors import UnreadableError
from faxhooks.domain.fax import FaxEvent
from faxhooks.providers.faxplus import FaxPlus
from faxhooks.providers.faxplus.words import EVENTS
from faxhooks.providers.signalwire.words import CALL_OVER, CALL_PROGRESS, STATUSES
from faxhooks.simulator.faxplus import UNKNOWN_CAUSE, WORDS
from tests.domain.facts import DRAWN, NOON
from tests.domain.proofs import check_every_arrival, check_every_set, check_grouping
from tests.faults.proof import POSTGRESQL, Finding, Proof, Trial
from tests.faults.serving import serving
from tests.providers.faxplus.requests import webhook
from tests.providers.signalwire.requests import ADAPTER, form
from tests.story import Api, Hook

STORY: Final[Sequence[dict[str, str]]] = (
    {"FaxStatus": "queued", "Timestamp": "2026-01-13T21:54:00Z"},
    {"FaxStatus": "processing", "Timestamp": "2026-01-13T21:54:10Z"},
    {"FaxStatus": "sending", "Timestamp": "2026-01-13T21:54:20Z", "RemoteStationId": "CLINIC"},
    {"FaxStatus": "failed", "Timestamp": "2026-01-13T21:54:30Z", "ErrorCode": "34004"},
    {"FaxStatus": "delivered", "Timestamp": "2026-01-13T21:54:40Z", "NumPages": "2"},
)
GARBAGE: Final = {"FaxStatus": "teleported"}
GENERATED: Final = 300
"""Generated stories for each size."""
OURS: Final = {"id", "provider_fax_id", "references", "created_at", "updated_at"}


def prove(trial: Trial) -> Finding:
    """`n` is the size of the largest set. What needs no database is proved beside one only."""
    finding = Finding()
    if trial.database == POSTGRESQL:
        with trial.broken():
            spoken = signalwire_words(), faxplus_words()
            orders = [_every_set(finding, words, trial.n) for words in spoken]
            finding.figures["orders"] = sum(orders)
            _generated(finding, trial.random(), trial.n * GENERATED)
    _through_http(finding, trial)
    return finding


def signalwire_words() -> list[FaxEvent]:
    """What every status word of SignalWire says, without a time."""
    words = [*STATUSES, *sorted(CALL_PROGRESS), CALL_OVER]
    return [ADAPTER.normalize(form({"FaxSid": "f", "FaxStatus": word}))[0] for word in words]


def faxplus_words() -> list[FaxEvent]:
    """The same of Fax.Plus, sent and received, all at one time."""
    return [
        FaxPlus().normalize(webhook({"event": event}, status=word))[0]
        for event in EVENTS
        for word in (*WORDS, UNKNOWN_CAUSE)
    ]


def one_of_each_kind(events: Iterable[FaxEvent]) -> list[FaxEvent]:
    """Events that differ in more than their spelling and their cause."""
    kinds = {(event.status, event.direction, event.asks_poll): event for event in events}
    return list(kinds.values())


def _every_set(finding: Finding, words: Sequence[FaxEvent], largest: int) -> int:
    orders = 0
    for size in range(1, largest + 1):
        drawn = words if size <= largest // 2 else one_of_each_kind(words)
        stamped = [[_arrived(event, n) for n in range(size)] for event in drawn]
        try:
            orders += check_every_set(check_every_arrival, lifecycle.fold, stamped, size)
        except AssertionError:
            finding.expect(False, f"every order of {size} words gives the same fax")
    return orders


def _generated(finding: Finding, dice: random.Random, stories: int) -> None:
    """Facts with every field, and callbacks of which some are garbage, all of them repeated."""
    finding.figures["generated"] = stories
    for _ in range(stories):
        facts = [*dice.sample(DRAWN, dice.randint(2, 6)), *_read_some(dice)]
        left, right = (dice.choices(facts, k=2 * len(facts)) for _ in range(2))
        try:
            check_grouping(lifecycle.fold, left, right)
        except AssertionError:
            finding.expect(False, "generated stories give the same fax in every order")
            return


def _read_some(dice: random.Random) -> Iterator[FaxEvent]:
    for _ in range(dice.randint(0, 3)):
        word = dice.choice([*STATUSES, *CALL_PROGRESS, CALL_OVER, GARBAGE["FaxStatus"], "", "\0"])
        try:
            yield ADAPTER.normalize(form({"FaxSid": "f", "FaxStatus": word}))[0]
        except UnreadableError:
            continue


def _through_http(finding: Finding, trial: Trial) -> None:
    """Every order of the story's last events, each with a repetition and garbage between."""
    dice = trial.random()
    orders = list(permutations(STORY[-trial.n :]))
    with serving(trial) as (_, hook, api), ThreadPoolExecutor(8) as pool:
        seeds = [dice.random() for _ in orders]
        faxes = list(
            pool.map(lambda n: _tell(hook, api, n, orders[n], seeds[n]), range(len(seeds)))
        )
    told = {repr(fax) for fax in faxes}
    finding.figures |= {"told": len(orders), "faxes": len(told)}
    finding.expect(len(told) == 1, f"{len(orders)} orders over HTTP give one fax, not {len(told)}")
    right = {"status": "delivered", "flags": ["conflict"], "events": len(orders[0])}
    finding.expect(right.items() <= faxes[0].items(), f"the fax over HTTP is {right}")


def _tell(
    hook: Hook, api: Api, number: int, order: Sequence[dict[str, str]], seed: float
) -> dict[str, Any]:
    dice = random.Random(seed)
    posts = list(order)
    posts.insert(dice.randint(1, len(posts)), dice.choice(order))
    posts.insert(dice.randint(0, len(posts)), GARBAGE)
    for said in posts:
        answer = hook.signalwire(FaxSid=f"f{number}", To="+13104456789", **said)
        assert answer.status_code == 200, answer.status_code
    return {name: value for name, value in api.fax(f"f{number}").items() if name not in OURS}


def _arrived(event: FaxEvent, place: int) -> FaxEvent:
    return event._replace(received_at=NOON.replace(minute=place))


PROOF: Final = Proof(
    id="C1",
    promise="the same facts make the same fax, in whatever order they come",
    prove=prove,
    small=3,
    full=6,
    broken=3,
    variants=("last_writer_wins",),
)
