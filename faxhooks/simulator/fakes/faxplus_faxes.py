"""A fax at the fake Fax.Plus: in the outbox, among the faxes, and in webhooks.

Sources: the samples of the API reference, whose records have every key and many nulls; the
page on webhooks, whose requests are built by the same code as the stories of `simulate`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from faxhooks.simulator.fakes.fake import Life, Step
from faxhooks.simulator.faxplus_requests import RECEIVED, SENT, Session, object_id
from faxhooks.simulator.story import Prepared, Stage

TRIED_AGAIN: Final = (
    "failed_user_busy",
    "failed_no_answer",
    "failed_normal_temporary_failure",
    "failed_to_send",
)
"""After these an attempt is repeated, if that was asked for; which they are is inferred."""

_BEFORE: Final = (("submitted", 2.0), ("converting", 4.0))
_CALL: Final = 30.0
_WAITING: Final = "scheduled_for_sending"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A call: when it ended, in which word, and its own id."""

    at: datetime
    word: str
    id: str


@dataclass(frozen=True, slots=True)
class Plan:
    """How each attempt will end, what lies between two, and when the first may begin."""

    words: Sequence[str]
    delay: float = 0.0
    not_before: datetime | None = None
    retry: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, body: Mapping[str, Any], outcome: Callable[[], str]) -> "Plan":
        """What a request to send asks for."""
        retry = (body.get("options") or {}).get("retry") or {}
        words = [outcome()]
        while words[-1] in TRIED_AGAIN and len(words) <= int(retry.get("count") or 0):
            words.append(outcome())
        wanted = str(body.get("send_time") or "")
        moment = datetime.strptime(wanted, "%Y-%m-%d %H:%M:%S %z") if wanted else None
        return cls(words, float(retry.get("delay") or 0), moment, retry or None)


@dataclass(slots=True)
class Sent:
    """A fax with all attempts at it; `id` is that of its session, `fax_id` that of its record."""

    stage: Stage
    event: str
    session: Session
    uid: str
    fax_id: str
    life: Life
    attempts: Sequence[Attempt]
    retry: Mapping[str, Any] | None = None
    comment: str = ""

    @classmethod
    def sent(cls, stage: Stage, uid: str, plan: Plan, *, own_id: bool) -> "Sent":
        """A fax that goes out."""
        session, now = Session.on(stage, SENT, stage.now), stage.now
        states: list[tuple[str, float]] = [*_BEFORE]
        if plan.not_before is not None and plan.not_before > now:
            states = [(_WAITING, (plan.not_before - now).total_seconds()), *states]
        attempts: list[Attempt] = []
        for number, word in enumerate(plan.words):
            states += [(_WAITING, plan.delay)] if number else []
            states.append(("sending", _CALL * session.pages))
            ended = now + timedelta(seconds=sum(seconds for _, seconds in states))
            attempts.append(Attempt(ended, word, object_id(stage, ended) if number else session.id))
        life = Life.of(now, states, plan.words[-1])
        fax_id = object_id(stage, attempts[-1].at) if own_id else session.id
        return cls(stage, SENT, session, uid, fax_id, life, attempts, plan.retry)

    @classmethod
    def received(cls, stage: Stage, uid: str, word: str) -> "Sent":
        """A fax that came in."""
        session = Session.on(stage, RECEIVED, stage.now)
        life, attempt = Life([Step(stage.now, word)]), Attempt(stage.now, word, session.id)
        return cls(stage, RECEIVED, session, uid, session.id, life, [attempt])

    @property
    def id(self) -> str:
        """What sending returned."""
        return self.session.id

    @property
    def is_inbound(self) -> bool:
        """Whether it came in."""
        return self.event == RECEIVED

    def waits(self, now: datetime) -> bool:
        """Whether it is still in the outbox."""
        return not self.life.is_over(now)

    def tell(self, attempt: Attempt, target: str) -> Prepared:
        """The webhook about an attempt, to one hook."""
        stage = replace(self.stage, hook_url=target)
        session = replace(self.session, stage=stage, uid=self.uid)
        return session.tell(attempt.word, attempt.at, attempt.id)

    def outbox_record(self, now: datetime) -> dict[str, Any]:
        """It as the outbox shows it; two of the times carry an offset and two do not."""
        states = [each for each in self.life.steps[:-1] if each.at <= now]
        return {
            "comment": {"tags": [], "text": self.comment},
            "contact_name": "",
            "designated_src": None,
            "extra_info": {},
            "file_changes": [],
            "files": [self.session.file],
            "id": self.id,
            "initiated_from": {"from_id": None, "type": "API"},
            "ip": "127.0.0.1",
            "last_updated_status_time": written(states[-1].at),
            "options": {"enhancement": True, "retry": self.retry},
            "page_count": self.session.pages,
            "retry": self.retry,
            "send_time": f"{written(self.stage.now)} +0000",
            "should_enhance": True,
            "src": self.stage.sender,
            "status": states[-1].word,
            "status_changes": [{"at": written(each.at), "status": each.word} for each in states],
            "submit_time": f"{written(self.stage.now)} +0000",
            "to": [self.stage.recipient],
            "uid": self.uid,
        }

    def record(self, now: datetime, sample_spelling: bool = False) -> dict[str, Any]:
        """It as the faxes show it, once it is over."""
        step, retry = self.life.step(now), self.retry or {}
        way, other = (
            ("from", self.stage.sender) if self.is_inbound else ("to", self.stage.recipient)
        )
        return {
            "id": self.fax_id,
            "owner_id": self.uid,
            "direction": "incoming" if self.is_inbound else "outgoing",
            "status": step.word,
            "description": "OK",
            "from_number" if sample_spelling else "from": self.stage.sender,
            "to": self.stage.recipient,
            "pages": self.session.pages,
            "cost": self.session.pages,
            "cost_details": {"multiplier": 1, "notification_cost": 0},
            "duration": 0,
            "file": f"{self.session.file}.tiff",
            "file_name": f"fax-{way}-{other.removeprefix('+')}",
            "comment": self.comment,
            "header": None,
            "is_read": False,
            "is_spam": False,
            "last_update": written(step.at),
            "max_retry": retry.get("count"),
            "retry_delay": retry.get("delay"),
            "scheduled_time": None,
            "start_time": written(self.stage.now),
            "submit_time": None if self.is_inbound else written(self.stage.now),
        }


def written(moment: datetime) -> str:
    """A time as the API writes it, in UTC and without saying so."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
