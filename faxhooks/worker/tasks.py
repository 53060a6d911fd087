"""What the worker does: it sends faxes, asks the providers, reads again what was not understood,
and adds up what statistics are made of.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from threading import Event
from typing import Final

from faxhooks.db.checks import check_schema
from faxhooks.db.inbox import Unread, UnreadFilter
from faxhooks.services.beating import BEAT_SECONDS, Heart
from faxhooks.services.parts import Parts
from faxhooks.services.reconciling import Reconciler
from faxhooks.services.redialing import Redialer
from faxhooks.services.rereading import INTERNAL, Rereading, list_unread, reread
from faxhooks.services.sending import Dispatcher
from faxhooks.services.storing import tidy
from faxhooks.services.summing import Summing
from faxhooks.worker.loop import Counts, Loop, Task

OLDER_RELEASES_SECONDS: Final = 3600.0
OUR_FAULTS_SECONDS: Final = 600.0
ASKING_SECONDS: Final = 2.0
SENDING_SECONDS: Final = 0.5
SUMMING_SECONDS: Final = 5.0
REDIALING_SECONDS: Final = 1.0
TIDYING_SECONDS: Final = 3600.0


def all_tasks(parts: Parts) -> list[Task]:
    """Every periodic task that does something; what is added here runs in the worker."""
    return [*_reading(parts), *_sending(parts), *_asking(parts), *_summing(parts)]


def all_loops(parts: Parts) -> list[Loop]:
    """The same as they are run side by side: a provider that hangs delays no reading, and
    nothing delays the heartbeat.
    """

    def ready() -> None:
        check_schema(parts.database)

    heart = Heart(parts.database)
    beating = Task("heartbeat", BEAT_SECONDS, heart.run, heart.stop, quiet=True)
    beside = (_reading(parts), _sending(parts), _asking(parts), _summing(parts), [beating])
    return [Loop(tasks, ready) for tasks in beside]


def _reading(parts: Parts) -> list[Task]:
    return [
        Task("read_older_releases", OLDER_RELEASES_SECONDS, OlderReleases(parts).run),
        Task("read_after_our_faults", OUR_FAULTS_SECONDS, OurFaults(parts).run),
        Task("tidy_documents", TIDYING_SECONDS, Documents(parts).run),
    ]


def _sending(parts: Parts) -> list[Task]:
    return [
        Task("redial_faxes", REDIALING_SECONDS, Redialer(parts).run, quiet=True),
        Task("send_faxes", SENDING_SECONDS, Dispatcher(parts).run, quiet=True),
    ]


def _asking(parts: Parts) -> list[Task]:
    return [Task("ask_providers", ASKING_SECONDS, Reconciler(parts).run, quiet=True)]


def _summing(parts: Parts) -> list[Task]:
    return [Task("add_up", SUMMING_SECONDS, Summing(parts.database).run, quiet=True)]


class OlderReleases:
    """A newer release may know the words that an earlier one did not."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def run(self, stopping: Event) -> Counts:
        """Read what another release left unread; each is noted as read by this one."""
        unread = UnreadFilter(not_release=self._parts.release)
        waiting = list_unread(self._parts.database, unread)
        return _counts(reread(self._parts.replayer, waiting, stopping.is_set))


class Documents:
    """What was faxed is not kept for longer than the settings say."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def run(self, _: Event) -> Counts:
        """Remove what is no longer needed."""
        parts = self._parts
        return tidy(parts.database, parts.shelf, parts.sending.keep, datetime.now(UTC))


class OurFaults:
    """Where we failed and not the callback, the cause may pass: a full disk, a lost race.

    Nothing is noted for it. A callback is tried when its age has doubled, beginning at ten
    minutes, and once when the worker starts; so the tries become rare by themselves.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._looked_at: datetime | None = None

    def run(self, stopping: Event) -> Counts:
        """Read those that have come due since the last pass."""
        now = datetime.now(UTC)
        came_to = reread(self._parts.replayer, self._due(now), stopping.is_set)
        self._looked_at = now
        return _counts(came_to)

    def _due(self, now: datetime) -> Iterator[Unread]:
        for waiting in list_unread(self._parts.database, UnreadFilter(reason_prefix=INTERNAL)):
            if is_due(waiting.received_at, now, self._looked_at):
                yield waiting


def is_due(received_at: datetime, now: datetime, looked_at: datetime | None) -> bool:
    """Whether a moment to try it has passed since we looked; the first look is one."""
    if looked_at is None:
        return True
    return _moments(received_at, now) > _moments(received_at, looked_at)


def _moments(received_at: datetime, now: datetime) -> int:
    """How many moments to try it there were: at an age of 1, 2, 4, 8 … times ten minutes."""
    age = (now - received_at).total_seconds()
    return int(max(0.0, age) // OUR_FAULTS_SECONDS).bit_length()


def _counts(came_to: Rereading) -> Counts:
    return {"read": came_to.read, "unread": came_to.unread}
