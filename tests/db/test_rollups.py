"""Sums and notes together are the faxes there are, whatever happened and in whatever order."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from threading import Event
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from faxhooks.db.buckets import Bucket, bucket_start, cut
from faxhooks.db.engine import Database
from faxhooks.db.models import FaxRow
from faxhooks.db.rollupmodels import KIND, CountRow, DeltaRow, KindRow, TimeRow
from faxhooks.db.rollups import add_up, start_over
from faxhooks.db.statistics import Grouping, Window
from faxhooks.services.statistics import ask_statistics
from faxhooks.services.summing import Summing
from tests.story import Service, make_service
from tests.web.made_faxes import BEGIN, add_faxes, drawn_fax, made_fax
from tests.web.plain_statistics import (
    COUNTS,
    plain_bucket,
    plain_counts,
    plain_destination,
    plain_groups,
    plain_seconds,
)

# Drawn alike in every run; a database goes on from one example to the next.
few = settings(
    max_examples=8,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
dice = st.randoms(use_true_random=False)


@pytest.fixture
def service(database_url: str) -> Iterator[Service]:
    made = make_service(database_url)
    yield made
    made.parts.database.engine.dispose()


@pytest.fixture
def database(service: Service) -> Database:
    return service.parts.database


def all_faxes(session: Session) -> list[dict[str, Any]]:
    """The faxes that count, as their rows have them."""
    rows = session.scalars(select(FaxRow).where(FaxRow.merged_into.is_(None)))
    return [
        {column.name: getattr(row, column.name) for column in FaxRow.__table__.c} for row in rows
    ]


def some_faxes(service: Service, dice: random.Random, count: int) -> list[dict[str, Any]]:
    hook = service.hook
    owners = [(hook.signalwire_account.id, "signalwire"), (hook.faxplus_account.id, "faxplus")]
    return [drawn_fax(dice, *dice.choice(owners)) for _ in range(count)]


def true_sums(faxes: list[dict[str, Any]]) -> Counter[Any]:
    """What the sums of all spans must come to: faxes and pages of each kind, and their times."""
    found: Counter[Any] = Counter()
    for fax in faxes:
        destination = (plain_destination(fax) or "").removeprefix("+")
        words = [fax | {"destination": destination}][0]
        kind = tuple(words[name] or "" for name in KIND)
        seconds = fax["seconds_to_final"]
        for span in Bucket:
            place = (str(span), bucket_start(fax["created_at"], span), kind)
            found[(*place, "faxes")] += 1
            found[(*place, "pages")] += fax["pages"] or 0
            if seconds is not None:
                found[(*place, round(plain_seconds(seconds) * 10))] += 1
    return Counter({key: count for key, count in found.items() if count})


def kept_sums(session: Session) -> Counter[Any]:
    """What the sums and the notes that are not added up yet come to."""
    found: Counter[Any] = Counter()
    kinds = {row.id: words_of(row) for row in session.scalars(select(KindRow))}
    for row in session.scalars(select(CountRow)):
        assert row.faxes > 0
        found[row.span, row.begin, kinds[row.kind], "faxes"] += row.faxes
        found[row.span, row.begin, kinds[row.kind], "pages"] += row.pages
    for row in session.scalars(select(TimeRow)):
        assert row.faxes != 0
        found[row.span, row.begin, kinds[row.kind], row.tenths] += row.faxes
    for row in session.scalars(select(DeltaRow)):
        for span in Bucket:
            place = (str(span), bucket_start(row.hour, span), words_of(row))
            found[(*place, "faxes")] += row.faxes
            found[(*place, "pages")] += row.pages
            if row.tenths is not None:
                found[(*place, row.tenths)] += row.faxes
    return Counter({key: count for key, count in found.items() if count})


def words_of(row: Any) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in KIND)


def check_sums(database: Database) -> None:
    def both(session: Session) -> tuple[Counter[Any], Counter[Any]]:
        return true_sums(all_faxes(session)), kept_sums(session)

    true, kept = database.read(both)
    assert kept == true


# What may happen to faxes, whoever does it.


def arrive(service: Service, dice: random.Random) -> None:
    add_faxes(service.parts.database, some_faxes(service, dice, dice.randrange(1, 8)))


def change(service: Service, dice: random.Random) -> None:
    """Some become what others would have been, at another time as well."""

    def work(session: Session) -> None:
        for fax_id in chosen(session, dice):
            (fax,) = some_faxes(service, dice, 1)
            kept = ("id", "account_id", "provider", "provider_fax_id")
            values = {name: value for name, value in fax.items() if name not in kept}
            session.execute(update(FaxRow).where(FaxRow.id == fax_id).values(values))

    service.parts.database.write(work)


def change_all(service: Service, dice: random.Random) -> None:
    """Many by one statement, of which some are what they will be."""
    values = {"status": "delivered", "outcome": "success", "pages": dice.choice([None, 3])}
    work = update(FaxRow).where(FaxRow.account_id == service.hook.faxplus_account.id).values(values)
    service.parts.database.write(lambda session: session.execute(work))


def merge(service: Service, dice: random.Random) -> None:
    into = uuid7()

    def work(session: Session) -> None:
        ids = chosen(session, dice)
        session.execute(update(FaxRow).where(FaxRow.id.in_(ids)).values(merged_into=into))

    service.parts.database.write(work)


def remove(service: Service, dice: random.Random) -> None:
    service.parts.database.write(
        lambda session: session.execute(delete(FaxRow).where(FaxRow.id.in_(chosen(session, dice))))
    )


def fail(service: Service, dice: random.Random) -> None:
    """What is taken back was never noted."""

    def work(session: Session) -> None:
        session.execute(update(FaxRow).values(status="queued", outcome="pending"))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        service.parts.database.write(work)


def sum_up_some(service: Service, dice: random.Random) -> None:
    service.parts.database.write(lambda session: add_up(session, dice.randrange(1, 9)))


def sum_up(service: Service, dice: random.Random) -> None:
    Summing(service.parts.database).run(Event())


def begin_again(service: Service, dice: random.Random) -> None:
    assert service.parts.database.write(start_over)


STEPS: tuple[Callable[[Service, random.Random], None], ...] = (
    *(arrive, change, change, change_all, merge, remove, fail),
    *(sum_up_some, sum_up_some, sum_up, begin_again),
)


def chosen(session: Session, dice: random.Random) -> list[Any]:
    ids = sorted(session.scalars(select(FaxRow.id)))
    return dice.sample(ids, min(3, len(ids)))


@few
@given(st.lists(st.tuples(st.sampled_from(STEPS), dice), min_size=6, max_size=14))
def test_sums_follow_whatever_happens_to_faxes(service, steps):
    for step, its_dice in steps:
        step(service, its_dice)
        check_sums(service.parts.database)


WORDS = ("queued", "processing", "sending", "delivered", "busy", "canceled", "no-answer", "what")


def call_back(service: Service, dice: random.Random) -> None:
    """Any word of any of a few faxes, in any order, again and again."""
    number = dice.randrange(6)
    if dice.random() < 0.5:
        pages = {"NumPages": str(dice.randrange(4))} if dice.random() < 0.5 else {}
        ends = {"To": "+442079460000", "From": "+13105550101"} if dice.random() < 0.5 else {}
        service.hook.signalwire(FaxSid=f"s{number}", FaxStatus=dice.choice(WORDS), **pages, **ends)
        return
    # Attempts of one fax, which are taken for faxes of their own until both ids come together.
    attempt = dice.choice([None, f"p{dice.randrange(6)}"])
    status = dice.choice(["success", "failed_user_busy", "in_progress", "failed_no_answer"])
    time = f"2026-09-{dice.randrange(1, 28):02d} 10:44:39"
    service.hook.faxplus(f"p{number}", status, attempt=attempt, event_time=time)


@few
@given(st.lists(st.tuples(st.sampled_from((call_back, call_back, call_back, sum_up_some)), dice)))
def test_sums_follow_callbacks(service, steps):
    for step, its_dice in steps:
        step(service, its_dice)
    check_sums(service.parts.database)


@few
@given(dice, st.sampled_from([None, *Bucket]), st.sets(st.sampled_from(Grouping), max_size=3))
def test_any_window_counts_as_plain_python_does(service, dice, bucket, groupings):
    arrive(service, dice)
    sum_up_some(service, dice)
    start = BEGIN - timedelta(days=9) + timedelta(microseconds=dice.randrange(15 * 86_400 * 10**6))
    lengths = (1, 3_600 * 10**6, 86_400 * 10**6, 31 * 86_400 * 10**6)
    end = start + timedelta(microseconds=dice.randrange(1, dice.choice(lengths) + 1))
    window = Window(start=start, end=end)
    names = sorted(groupings)

    def ask(session: Session) -> Any:
        found = ask_statistics(session, window, bucket=bucket, groupings=names)
        return found, [fax for fax in all_faxes(session) if start <= fax["created_at"] < end]

    found, faxes = service.parts.database.read(ask)
    rows = {key_of(row, bucket, names): {name: row[name] for name in COUNTS} for row in found.rows}
    counted = {key: row for key, row in rows.items() if row["faxes"]}
    assert counted == plain_groups(faxes, bucket, names)
    assert {name: found.total[name] for name in COUNTS} == plain_counts(faxes)


def key_of(row: Any, bucket: Bucket | None, names: list[Grouping]) -> tuple[Any, ...]:
    words = (str(row[name]["id"]) if name == "account" else row[name] for name in names)
    return ((plain_bucket(row["bucket"], bucket),) if bucket else ()) + tuple(words)


@pytest.mark.parametrize("event", ["insert", "update", "delete"])
def test_a_trigger_that_is_gone_is_noticed(service: Service, event: str) -> None:
    database, dice = service.parts.database, random.Random(5)
    arrive(service, dice)
    where = "" if database.is_sqlite else " ON faxes"
    database.write(
        lambda session: session.execute(text(f"DROP TRIGGER faxes_count_{event}{where}"))
    )
    for step in (arrive, change, remove):
        step(service, dice)
    with pytest.raises(AssertionError):
        check_sums(database)
    begin_again(service, dice)
    check_sums(database)


def test_what_changes_nothing_that_is_counted_is_not_noted(service: Service) -> None:
    arrive(service, random.Random(1))
    sum_up(service, random.Random())
    later = update(FaxRow).values(updated_at=BEGIN, next_poll_at=BEGIN, evidence="confirmed")
    count = select(func.count()).select_from(DeltaRow)
    service.parts.database.write(lambda session: session.execute(later))
    assert service.parts.database.read(lambda session: session.scalar(count)) == 0


def test_every_calling_code_is_known(service: Service) -> None:
    """When there is a new one, a migration has to tell the database."""
    codes = [str(code) for code in COUNTRY_CODE_TO_REGION_CODE]
    account = service.hook.signalwire_account.id
    faxes = [made_fax(account, "signalwire", recipient=f"+{code}5550100") for code in codes]
    add_faxes(service.parts.database, faxes)
    sum_up(service, random.Random())
    window = f"from={BEGIN:%Y-%m-%dT%H:%M:%SZ}&group_by=destination"
    found = service.api.get(f"/stats?{window}").json["data"]
    assert sorted(row["destination"] for row in found) == sorted(f"+{code}" for code in codes)


def test_one_adds_up_while_others_write_and_none_is_lost(postgresql_url: str) -> None:
    service = make_service(postgresql_url)
    database = service.parts.database
    engine, dice = database.engine, random.Random(3)
    with Session(engine) as slow, Session(engine) as adding, Session(engine) as other:
        slow.execute(FaxRow.__table__.insert(), some_faxes(service, dice, 3))
        arrive(service, dice)  # Its notes have later numbers, and are committed before.
        assert add_up(adding) > 0
        assert add_up(other) == 0
        slow.commit()
        adding.commit()
    check_sums(database)
    sum_up(service, dice)
    check_sums(database)
    engine.dispose()


@pytest.mark.parametrize("longest", Bucket)
def test_a_window_is_cut_without_a_gap(longest: Bucket) -> None:
    dice = random.Random(longest)
    for _ in range(200):
        start = BEGIN + timedelta(microseconds=dice.randrange(90 * 86_400 * 10**6))
        end = start + timedelta(microseconds=dice.randrange(1, 90 * 86_400 * 10**6))
        pieces = list(cut(start, end, longest))
        ends = [start, *(piece.end for piece in pieces)]
        assert [piece.start for piece in pieces] == ends[:-1]
        assert ends[-1] == end
        assert all(is_whole(piece.start, piece.span) for piece in pieces if piece.span)
        assert sum(piece.span is None for piece in pieces) <= 2
        for piece in pieces:
            last = piece.end - timedelta(microseconds=1)
            if piece.span is not longest:
                assert bucket_start(piece.start, longest) == bucket_start(last, longest)


def is_whole(moment: datetime, span: Bucket) -> bool:
    return bucket_start(moment, span) == moment
