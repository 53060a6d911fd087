"""C6: Fax.Plus names a fax and each try at it, and neither name is a delivery's.

`hook.id` is the try's id and `data.id` that of the fax with all its tries; on the first try
they are the same. So a try may be told of twice, with different news, and two tries may say the
very same.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Final

from sqlalchemy import func, select

from faxhooks.db.models import CallbackRow
from faxhooks.domain.fax import Flag
from tests.faults.believed import believed
from tests.faults.proof import Finding, Proof, Trial
from tests.faults.serving import in_process
from tests.story import Hook, Service

Flags = frozenset[Flag]


@dataclass(frozen=True)
class Post:
    """A webhook of one fax: its try, its word, its minute and to which of our hooks it went."""

    attempt: str
    word: str
    minute: int
    target: str = "one"

    def send(self, hook: Hook, fax: str) -> None:
        """The first try is named like the fax."""
        attempt = fax if self.attempt == "first" else f"{fax}-{self.attempt}"
        said = {
            "hook": {
                "id": attempt,
                "event": "fax_sent",
                "event_time": f"2026-01-13 21:{self.minute:02d}:00",
                "target": f"https://hooks.example.com/{self.target}",
            },
            "data": {"id": fax, "status": self.word, "to": "+13105550101"},
        }
        answer = hook.faxplus_raw(json.dumps(said).encode())
        assert answer.status_code == 200, answer.status_code


@dataclass(frozen=True)
class Story:
    """Posts in any order; where the fax then stands, and how many facts they were."""

    posts: tuple[Post, ...]
    status: str
    flags: Flags
    events: int

    def __str__(self) -> str:
        said = ", ".join(f"{post.attempt} try {post.word}" for post in self.posts)
        flags = " ".join(sorted(self.flags)) or "no flag"
        return f"{said} is {self.status} with {flags} and {self.events} facts"


BUSY: Final = Post("first", "failed_user_busy", 1)
STORIES: Final = (
    # A second try that succeeds.
    Story((BUSY, Post("second", "success", 3)), "delivered", frozenset(), 2),
    # A second try that fails like the first: the same content, and legitimately twice.
    Story((BUSY, Post("second", "failed_user_busy", 1)), "busy", frozenset({Flag.PROVISIONAL}), 2),
    # Three tries, of which the second says nothing new.
    Story(
        (BUSY, Post("second", "failed_user_busy", 3), Post("third", "success", 5)),
        "delivered",
        frozenset(),
        3,
    ),
    # The news of one try, twice and different: its id is no delivery's.
    Story(
        (Post("first", "failed", 1), Post("first", "success", 3)),
        "delivered",
        frozenset({Flag.CONFLICT}),
        2,
    ),
    Story((Post("first", "in_progress", 1), Post("first", "success", 3)), "delivered", Flags(), 2),
    # One try told to two of our hooks, and the same words of it again later.
    Story((BUSY, Post("first", "failed_user_busy", 1, "two")), "busy", frozenset(), 1),
    Story((BUSY, Post("first", "failed_user_busy", 2)), "busy", frozenset(), 2),
)


def prove(trial: Trial) -> Finding:
    """`n` is how many stories are told, each of another fax."""
    told = [story for story, _ in zip(_turns(), range(trial.n), strict=False)]
    finding = Finding({"told": len(told)})
    with in_process(trial) as service:
        for number, (_, order) in enumerate(told):
            for post in order:
                post.send(service.hook, f"f{number}")
        _check(finding, service, [story for story, _ in told])
        seen = _seen(service)
    posts = sum(len(order) for _, order in told)
    finding.figures |= {"posts": posts, "seen": seen}
    finding.expect(seen == posts, f"{posts} posts were counted, not {seen}")
    finding.untrue = finding.untrue[:5]
    return finding


def _check(finding: Finding, service: Service, told: Sequence[Story]) -> None:
    known = believed(service)
    finding.expect(len(known) == len(told), f"{len(told)} faxes, not {len(known)}")
    for number, story in enumerate(told):
        fax = known.get(f"f{number}")
        if fax is None:
            finding.expect(False, f"a fax is shown by the id of all its tries, in {story}")
            continue
        fax.expect_ruled(finding, story)
        stands = (fax.row.status, fax.row.flags, fax.row.events)
        finding.expect(
            stands == (story.status, story.flags, story.events), f"{story}, not {stands}"
        )


def _turns() -> Iterator[tuple[Story, Sequence[Post]]]:
    """Every story in every order, with its last post once more; and again from the beginning."""
    while True:
        for story in STORIES:
            for order in permutations(story.posts):
                yield story, (*order, order[-1])


def _seen(service: Service) -> int:
    """How many callbacks came, repetitions and all."""
    counted = select(func.sum(CallbackRow.seen))
    return service.parts.database.read(lambda session: session.scalar(counted) or 0)


PROOF: Final = Proof(
    id="C6",
    promise="the tries of Fax.Plus are told apart, and what comes again is not",
    prove=prove,
    small=48,
    full=1000,
    broken=48,
    variants=("one_fact_for_each_try",),
)
