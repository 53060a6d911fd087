"""The very same work as `Database.write`, and then none of it."""

from collections.abc import Callable
from typing import Generic, TypeVar

from sqlalchemy.orm import Session

from faxhooks.db.engine import HOOK_DEADLINE, Database

T = TypeVar("T")


class _Rehearsed(Exception, Generic[T]):  # noqa: N818 (it carries what came of it, no fault)
    def __init__(self, result: T) -> None:
        super().__init__("rolled back on purpose")
        self.result = result


def rehearse(database: Database, work: Callable[[Session], T], seconds: float = HOOK_DEADLINE) -> T:
    """Run `work` as `Database.write` would, answer as it does, and roll everything back.

    It takes the same locks for as long, and raises the same errors. PostgreSQL tells its
    listeners nothing, and no number of the feed is used up, since both wait for a commit.
    """

    def run(session: Session) -> None:
        raise _Rehearsed(work(session))

    try:
        database.write(run, seconds)
    except _Rehearsed as ended:
        result: T = ended.result
        return result
    raise AssertionError("a rehearsal never commits")
