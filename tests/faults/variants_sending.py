"""Broken ways of sending: each of them sends something twice."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from faxhooks.db import sends
from faxhooks.db.batches import Insert
from faxhooks.db.sendmodels import RepeatRow, SendRow
from faxhooks.db.sends import Claim, SendState, settle_send
from faxhooks.services import outcomes, submitting
from faxhooks.services.repeating import Begun, Key
from tests.faults.variants import replaced, variant


@variant
def claim_not_committed() -> Iterator[None]:
    """That a fax is being handed over is known to who does it, and to nobody else."""

    def look(session: Session, account_id: UUID, now: datetime, _: timedelta) -> Claim | None:
        mine = SendRow.account_id == account_id, SendRow.due_at <= now
        row = session.scalars(select(SendRow).where(*mine).order_by(SendRow.due_at)).first()
        return row and Claim(uuid7(), row.fax_id)

    with replaced(sends, "claim_due", look):
        yield


@variant
def sent_again_when_in_doubt() -> Iterator[None]:
    """What was not answered is taken for not done."""

    def wait(case: outcomes.Case, *_: Any) -> None:
        settle_send(case.row, SendState.WAITING, case.now, None)

    with replaced(outcomes, "doubted", wait):
        yield


@variant
def look_before_claiming() -> Iterator[None]:
    """Who sees no earlier request is the first, and says so when it is done."""
    add = Insert(RepeatRow, "DO NOTHING")

    def begin(session: Session, key: Key, _: datetime) -> Begun:
        found = session.get(RepeatRow, (key.holder, key.key))
        time.sleep(0.01)
        return Begun(uuid7()) if found is None else Begun(answer=found.answer)

    def finish(session: Session, key: Key, claim: UUID, answer: Any) -> None:
        now = datetime.fromisoformat(answer["created_at"])
        said = {"holder": key.holder, "key": key.key, "digest": key.digest, "claim": claim}
        times = {"claimed_until": now, "created_at": now}
        add.run(session, [{**said, **times, "answer": answer}])

    with replaced(submitting, "begin", begin), replaced(submitting, "finish", finish):
        yield
