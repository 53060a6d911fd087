"""A kept callback is read again after the code has learned its word."""

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import prometheus_client
import psycopg
import pytest
from sqlalchemy import select
from uuid_utils.compat import uuid7

from faxhooks.db.audit import AuditFilter, list_audit
from faxhooks.db.callbacklists import CallbackFilter, list_ids
from faxhooks.db.callbacks import save_readings
from faxhooks.db.feed import CHANNEL, last_number
from faxhooks.db.history import list_entries
from faxhooks.db.models import CallbackRow, FaxRow
from faxhooks.domain.callback import Callback
from faxhooks.domain.errors import NotFoundError, UnreadableError
from faxhooks.domain.fax import Evidence, FaxEvent, Reference, Verdict
from faxhooks.providers.base import Adapter, Reply
from faxhooks.services.auditing import Action
from faxhooks.services.directory import Directory, Entrance
from faxhooks.services.ingest import Receiver
from faxhooks.services.parts import Parts
from faxhooks.services.replaying import Order, Replayer
from faxhooks.services.settling import Replay, Replayed
from tests.story import Service, make_service, target


@dataclass
class Forgetful:
    """An adapter of an older release, to which one word of its provider is new."""

    newer: Adapter
    word: str

    def verify(self, callback: Callback) -> Evidence:
        return self.newer.verify(callback)

    def normalize(self, callback: Callback) -> tuple[FaxEvent, ...]:
        if self.word.encode() in callback.body:
            raise UnreadableError(f"unknown status: {self.word}")
        return self.newer.normalize(callback)

    def reply(self, callback: Callback) -> Reply:
        return self.newer.reply(callback)


class OlderDirectory(Directory):
    """The directory of that release."""

    def find(self, provider: str, token: str) -> Entrance:
        found = super().find(provider, token)
        return replace(found, adapter=Forgetful(found.adapter, "partially_sent"))


@pytest.fixture
def service(database_url: str) -> Iterator[Service]:
    made = make_service(database_url)
    yield made
    made.parts.database.engine.dispose()


def post_to_older(
    service: Service, *statuses: str, fax: str = "a", time: str | None = None
) -> None:
    parts = service.parts
    older = Receiver(parts.database, OlderDirectory(parts.database, parts.accounts), "0.0.1")
    url = service.hook.faxplus_account.hook_url
    for status in statuses:
        hook = {"id": fax, "event": "fax_sent", "event_time": time}
        body = {"hook": hook, "data": {"id": fax, "status": status}}
        callback = Callback(
            method="POST",
            origin=parts.public_url,
            target=target(url),
            headers={},
            body=json.dumps(body).encode(),
            received_at=service.hook.faxplus_account.created_at,
        )
        older.receive("faxplus", url.rpartition("/")[2], callback)


def rows(parts: Parts) -> list[CallbackRow]:
    def ask(session: Any) -> list[CallbackRow]:
        return list(session.scalars(select(CallbackRow).order_by(CallbackRow.id)))

    return parts.database.read(ask)


def replay_unread(parts: Parts, replayer: Replayer | None = None) -> list[Replayed]:
    """Everything nobody understood, in one page."""
    unread = CallbackFilter(verdicts=[Verdict.UNRECOGNIZED])
    return list((replayer or parts.replayer).replay_page(unread, Order()).callbacks)


def test_a_word_that_was_learned_is_applied_as_of_its_arrival(service: Service) -> None:
    post_to_older(service, "partially_sent")
    assert service.api.faxes() == []
    (replayed,) = replay_unread(service.parts)
    assert (replayed.before, replayed.verdict) == (Verdict.UNRECOGNIZED, Verdict.APPLIED)
    fax = service.api.fax("a")
    assert fax["status"] == "partial"
    (row,) = rows(service.parts)
    assert (row.verdict, row.reason, row.release) == ("applied", None, service.parts.release)
    assert fax["created_at"] == row.received_at.isoformat().replace("+00:00", "Z")


def test_replaying_again_changes_nothing(service: Service) -> None:
    post_to_older(service, "partially_sent", "success")
    replay_unread(service.parts)
    before = (service.api.fax("a"), service.api.history("a"))
    assert replay_unread(service.parts) == []
    for row in rows(service.parts):
        assert service.parts.replayer.replay(row.id).verdict is Verdict.REPEATED
    assert (service.api.fax("a"), service.api.history("a")) == before


def test_what_is_still_not_understood_stays_kept_with_its_reason(service: Service) -> None:
    service.hook.faxplus("a", "teleported")
    (replayed,) = replay_unread(service.parts)
    assert (replayed.verdict, replayed.reason) == (
        Verdict.UNRECOGNIZED,
        "unknown status: teleported",
    )


def test_a_fact_that_came_again_meanwhile_is_not_doubled(service: Service) -> None:
    post_to_older(service, "partially_sent")
    service.hook.faxplus_raw(rows(service.parts)[0].body)
    (replayed,) = replay_unread(service.parts)
    assert replayed.verdict is Verdict.REPEATED
    assert service.api.fax("a")["events"] == 1


def test_a_replayed_signature_is_not_asked_for_again(service: Service) -> None:
    service.hook.signalwire(FaxSid="f1", FaxStatus="teleported")
    replayer = Replayer(service.parts.database, service.parts.directory, "9.9.9")
    (replayed,) = replay_unread(service.parts, replayer)
    assert replayed.verdict is Verdict.UNRECOGNIZED
    assert rows(service.parts)[0].evidence == "signed"


EVERYTHING = CallbackFilter()
DRY = Order(dry_run=True, actor="cli:ann")


def state_of(service: Service) -> Any:
    """All that a replay could change, but for the audit."""

    def ask(session: Any) -> Any:
        faxes = session.scalars(select(FaxRow).order_by(FaxRow.id)).all()
        entries = list_entries(session, [fax.id for fax in faxes])
        shown = [{c.name: getattr(fax, c.name) for c in FaxRow.__table__.c} for fax in faxes]
        return shown, dict(entries), last_number(session)

    noted = [(row.verdict, row.reason, row.digest, row.release) for row in rows(service.parts)]
    return service.parts.database.read(ask), noted


def test_a_dry_run_tells_what_the_real_one_then_does(service: Service) -> None:
    service.hook.faxplus("b", "in_progress", event="fax_received")
    post_to_older(service, "partially_sent", "success")
    before = state_of(service)
    told = service.parts.replayer.replay_page(EVERYTHING, DRY)
    assert state_of(service) == before
    done = service.parts.replayer.replay_page(EVERYTHING, Order())
    assert [replace(each, fax_ids=()) for each in told.callbacks] == [
        replace(each, fax_ids=()) for each in done.callbacks
    ]
    assert [change.status_after for change in told.faxes] == ["partial"]
    assert [c.changes.keys() for c in told.faxes] == [c.changes.keys() for c in done.faxes]
    assert service.api.fax("a")["status"] == "partial"


def test_a_dry_run_sees_its_own_earlier_callbacks(service: Service) -> None:
    post_to_older(service, "partially_sent")
    service.hook.faxplus("a", "in_progress")
    (first, second) = service.parts.replayer.replay_page(EVERYTHING, DRY).callbacks
    assert (first.verdict, second.verdict) == (Verdict.APPLIED, Verdict.REPEATED)
    assert first.fax_ids == second.fax_ids


def test_what_changes_of_a_fax_is_told_field_by_field(service: Service) -> None:
    service.hook.faxplus("a", "in_progress")
    post_to_older(service, "partially_sent")
    (change,) = service.parts.replayer.replay_page(EVERYTHING, DRY).faxes
    assert (change.status_before, change.status_after) == ("sending", "partial")
    assert change.changes["events"] == {"before": 1, "after": 2}
    assert change.changes["outcome"] == {"before": "pending", "after": "failure"}
    assert change.changes["reason"]["after"]["code"] == "tx.partial"
    assert not {"provider", "account", "references", "provider_fax_id"} & change.changes.keys()


def test_a_fax_that_would_be_new_has_no_status_before(service: Service) -> None:
    post_to_older(service, "partially_sent")
    (change,) = service.parts.replayer.replay_page(EVERYTHING, DRY).faxes
    assert (change.status_before, change.status_after) == (None, "partial")


def test_two_faxes_that_turn_out_to_be_one_are_told_so(service: Service) -> None:
    parts = service.parts
    service.hook.signalwire(FaxSid="f1", FaxStatus="sending")
    service.hook.signalwire(FaxSid="f2", FaxStatus="sending")
    (first, second) = sorted(fax["id"] for fax in service.api.faxes())
    account = service.hook.signalwire_account.id

    class Linking(Forgetful):
        def normalize(self, callback: Callback) -> tuple[FaxEvent, ...]:
            (event,) = self.newer.normalize(callback)
            return (event._replace(references=(Reference("f1"), Reference("f2"))),)

    class NewerDirectory(Directory):
        def get(self, account_id: UUID) -> Entrance:
            found = super().get(account_id)
            return replace(found, adapter=Linking(found.adapter, "never"))

    newer = Replayer(parts.database, NewerDirectory(parts.database, parts.accounts), "2.0.0")
    told = newer.replay_page(CallbackFilter(accounts=[str(account)]), DRY)
    changes = {str(change.fax_id): change.changes for change in told.faxes}
    assert changes[second]["merged_into"] == {"before": None, "after": first}
    assert set(changes[first]["references"]["after"]) == {"f1", "f2"}


def test_nobody_hears_of_a_dry_run(postgresql_url: str) -> None:
    service = make_service(postgresql_url)
    post_to_older(service, "partially_sent")
    with psycopg.connect(postgresql_url.replace("+psycopg", ""), autocommit=True) as listener:
        listener.execute(f"LISTEN {CHANNEL}".encode())
        service.parts.replayer.replay_page(EVERYTHING, DRY)
        assert list(listener.notifies(timeout=0.3)) == []
        service.parts.replayer.replay_page(EVERYTHING, Order())
        assert len(list(listener.notifies(timeout=5, stop_after=1))) == 1
    service.parts.database.engine.dispose()


def test_a_dry_run_counts_nothing(service: Service) -> None:
    post_to_older(service, "partially_sent")
    before = prometheus_client.generate_latest()
    service.parts.replayer.replay_page(EVERYTHING, DRY)
    counted = [line for line in before.splitlines() if line.startswith(b"faxhooks_")]
    after = prometheus_client.generate_latest().splitlines()
    assert [line for line in after if line.startswith(b"faxhooks_")] == counted


def test_pages_go_on_where_the_last_one_ended(service: Service) -> None:
    for number in range(5):
        service.hook.faxplus(f"f{number}", "teleported")
    seen, position = [], None
    for expected in (2, 2, 1):
        page = service.parts.replayer.replay_page(EVERYTHING, Order(), after=position, limit=2)
        assert len(page.callbacks) == expected
        seen += [each.callback_id for each in page.callbacks]
        position = page.position
    assert position is None
    assert seen == service.parts.database.read(lambda s: list_ids(s, EVERYTHING, limit=9))[0]
    assert len(list(service.parts.replayer.replay_all(EVERYTHING, Order()))) == 1


def test_no_callbacks_come_to_nothing(service: Service) -> None:
    assert service.parts.replayer.replay_page(EVERYTHING, Order()) == Replay()
    with pytest.raises(NotFoundError):
        service.parts.replayer.replay(UUID(int=7))


def test_a_callback_that_breaks_us_does_not_end_the_others(service: Service) -> None:
    parts = service.parts
    post_to_older(service, "partially_sent")
    service.hook.faxplus("b", "success")

    class Breaking(Forgetful):
        def normalize(self, callback: Callback) -> tuple[FaxEvent, ...]:
            (event,) = self.newer.normalize(callback)
            broken = self.word.encode() in callback.body
            return (event._replace(detail="\ud800") if broken else event,)

    class BrokenDirectory(Directory):
        def get(self, account_id: UUID) -> Entrance:
            found = super().get(account_id)
            return replace(found, adapter=Breaking(found.adapter, "partially_sent"))

    broken = Replayer(parts.database, BrokenDirectory(parts.database, parts.accounts), "2.0.0")
    (first, second) = broken.replay_page(EVERYTHING, Order()).callbacks
    assert (first.verdict, second.verdict) == (Verdict.UNRECOGNIZED, Verdict.REPEATED)
    assert first.reason is not None
    assert first.reason.startswith("internal: ")
    assert [row.verdict for row in rows(parts)] == ["unrecognized", "applied"]


def test_the_same_fact_in_two_unread_callbacks_is_kept_once(service: Service) -> None:
    post_to_older(service, "partially_sent")
    (row,) = rows(service.parts)
    twin = {c.name: getattr(row, c.name) for c in CallbackRow.__table__.c}
    twin |= {"id": uuid7(), "digest": b"another", "body": row.body + b" "}
    service.parts.database.write(lambda session: session.add(CallbackRow(**twin)))
    first, second = service.parts.replayer.replay_page(EVERYTHING, Order()).callbacks
    assert (first.verdict, second.verdict) == (Verdict.APPLIED, Verdict.REPEATED)
    assert service.api.fax("a")["events"] == 1
    assert len({row.digest for row in rows(service.parts)}) == 2


def test_replays_at_once_come_to_the_same(service: Service) -> None:
    for number in range(30):
        post_to_older(service, "partially_sent", fax=f"f{number % 10}", time=str(number))
    with ThreadPoolExecutor(6) as pool:
        pages = list(
            pool.map(lambda _: service.parts.replayer.replay_page(EVERYTHING, Order()), range(6))
        )
    verdicts = Counter(each.verdict for page in pages for each in page.callbacks)
    assert verdicts[Verdict.APPLIED] + verdicts[Verdict.STALE] == 30
    assert verdicts.total() == 180
    assert {row.verdict for row in rows(service.parts)} <= {"applied", "stale"}
    assert sum(fax["events"] for fax in service.api.faxes()) == 30


def test_who_replayed_is_audited_and_the_service_itself_is_not(service: Service) -> None:
    post_to_older(service, "partially_sent")
    (row,) = rows(service.parts)
    wanted = {"verdict": ["unrecognized"], "reason": ["call +13105550101"]}
    service.parts.replayer.replay(row.id)
    service.parts.replayer.replay_one(row.id, DRY)
    service.parts.replayer.replay_page(EVERYTHING, Order(actor="key:1 ops", wanted=wanted))
    replays = AuditFilter(actions=[Action.CALLBACKS_REPLAYED])
    real, dry = service.parts.database.read(lambda session: list_audit(session, replays))
    assert (dry.actor, dry.subject) == ("cli:ann", f"callback:{row.id}")
    assert (dry.detail["dry_run"], real.detail["dry_run"]) == (True, False)
    assert real.actor == "key:1 ops"
    assert real.detail["wanted"] == {"verdict": ["unrecognized"], "reason": ["call +***"]}


def test_a_digest_that_was_taken_just_now_makes_it_begin_again(service: Service) -> None:
    for word in ("teleported", "vaporized"):
        service.hook.faxplus("a", word)
    first, second = rows(service.parts)
    taken = {"verdict": "applied", "reason": None, "digest": first.digest, "release": "2.0.0"}
    tries = []

    def take(session: Any) -> None:
        tries.append(session)
        readings = [{"callback": second.id, **taken}] if len(tries) == 1 else []
        save_readings(session, readings)

    service.parts.database.write(take)
    assert len(tries) == 2
    assert [row.digest for row in rows(service.parts)] == [first.digest, second.digest]
