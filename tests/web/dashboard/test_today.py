"""Today says what the API says, in words that help."""

import re
from datetime import UTC, datetime, timedelta
from itertools import islice
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from faxhooks.db.askings import add_asking, find_asking
from faxhooks.db.models import FaxRow
from faxhooks.domain.fax import FaxStatus
from faxhooks.domain.reasons import REASONS
from faxhooks.services.keys import create_key
from faxhooks.services.wording import REASON_WORDS, STATUS_WORDS, advise
from faxhooks.simulator.fakes.behaviour import Behaviour
from faxhooks.web.dashboard import today
from faxhooks.web.dashboard.charts import draw_times, draw_volume, duration
from tests.asked import world
from tests.story import Service
from tests.web.dashboard.visitor import Visitor


def tiles(page: str) -> dict[str, int]:
    found = re.findall(r"<dt>([^<]+)</dt><dd>(?:<a [^>]*>)?(\d+)", page)
    return {words: int(count) for words, count in found}


def test_an_empty_service_says_so_calmly(reader: Visitor) -> None:
    page = reader.get("/").text
    assert "No fax of the last 24 hours has an answer yet." in page
    for words in ("Nothing failed", "Nothing hangs", "No contradictions", "All understood"):
        assert words in page
    assert set(tiles(page).values()) == {0}


def test_the_figures_are_those_of_the_api(service: Service, reader: Visitor) -> None:
    hook = service.hook
    for n, status in enumerate(["delivered", "delivered", "delivered", "busy", "sending"]):
        hook.signalwire(FaxSid=f"f{n}", FaxStatus=status)
    hook.signalwire(FaxSid="in", FaxStatus="received")
    page = reader.get("/").text
    assert tiles(page) == {
        "Sent": 5,
        "Delivered": 3,
        "Received": 1,
        "Failed": 1,
        "Open": 1,
        "Unconfirmed": 0,
    }
    assert "80.0 %" in page
    assert service.api.get("/stats").json["total"]["success_rate"] == 0.8


def test_the_rate_is_held_against_the_weeks_before(service: Service, reader: Visitor) -> None:
    for week in range(1, 5):
        for n in range(4):
            _tell(service, f"w{week}-{n}", "busy" if n == 0 else "delivered", timedelta(weeks=week))
    service.hook.signalwire(FaxSid="now", FaxStatus="delivered")
    page = reader.get("/").text
    assert "25.0 points better than at the same time of the four weeks before (75.0 %)" in page


def test_failures_stand_by_reason_with_what_to_do(service: Service, reader: Visitor) -> None:
    for n in range(3):
        service.hook.signalwire(FaxSid=f"b{n}", FaxStatus="busy")
    service.hook.faxplus("part", "partially_sent")
    page = reader.get("/").text
    partial, busy = page.index(REASON_WORDS["tx.partial"]), page.index(REASON_WORDS["line.busy"])
    assert partial < busy  # A person must decide, so it comes first though it is rarer.
    assert page.count("needs a person") == 1
    assert advise("line.busy") in page
    assert advise("tx.partial") in page


def test_what_is_open_too_long_contradicts_or_was_not_understood_is_named(
    service: Service, reader: Visitor
) -> None:
    _tell(service, "old", "sending", timedelta(hours=2), To="+13105550101")
    _tell(service, "young", "sending", timedelta(minutes=5), To="+13105550102")
    for status in ("delivered", "failed"):
        service.hook.signalwire(FaxSid="both", FaxStatus=status, To="+13105550103")
    service.hook.signalwire(FaxSid="new", FaxStatus="teleported")
    page = reader.get("/").text
    assert "+13105550101" in _section(page, "waiting")
    assert "+13105550102" not in _section(page, "waiting")
    assert "+13105550103" in _section(page, "conflicts")
    assert "unknown status: teleported" in _section(page, "unread")


def test_each_account_tells_of_its_last_callback_and_failure(
    service: Service, reader: Visitor
) -> None:
    service.hook.signalwire(
        FaxSid="f", FaxStatus="failed", ErrorMessage="The call dropped prematurely"
    )
    accounts = _section(reader.get("/").text, "accounts")
    rows = accounts.split("<tr>")[2:]
    main = next(row for row in rows if "main" in row)
    plus = next(row for row in rows if "plus" in row)
    assert REASON_WORDS["line.dropped"] in main
    assert "The call dropped prematurely" in main
    assert plus.count("none in a week") == 2


def test_callbacks_that_were_lost_are_counted_for_their_account(sqlite_url: str) -> None:
    with world(sqlite_url) as asked:
        asked.sweep()
        asked.send("signalwire")
        asked.put_on(minutes=5)
        asked.settle()
        asked.fakes["signalwire"].behaviour = Behaviour(drop=1.0)
        asked.send("signalwire")
        asked.put_on(hours=1, minutes=1)
        asked.sweep()
        heard = update(FaxRow).values(created_at=datetime.now(UTC))  # Not by the clock put on.
        asked.parts.database.write(lambda session: session.execute(heard))
        visitor = Visitor(asked.service.app).sign_in_with(asked.service.api.key)
        rows = _section(visitor.get("/").text, "accounts").split("<tr>")
    (row,) = [row for row in rows if "asked-signalwire" in row]
    assert '<span class="lost">1 of 2</span>' in row
    (calm,) = [row for row in rows if "asked-faxplus" in row]
    assert "no fax ended" in calm


def test_a_provider_that_gives_no_answers_is_the_last_error_of_its_account(
    service: Service, reader: Visitor
) -> None:
    now, account = datetime.now(UTC), service.hook.signalwire_account.id

    def ask_in_vain(session: Session, failures: int, refused_at: datetime | None) -> None:
        add_asking(session, account, now, now)
        asking = find_asking(session, account)
        assert asking is not None
        asking.failures, asking.refused_at = failures, refused_at
        asking.error, asking.error_at = "it answered 401 <b>", now

    def told(failures: int, refused_at: datetime | None) -> str:
        service.parts.database.write(lambda s: ask_in_vain(s, failures, refused_at))
        rows = _section(reader.get("/").text, "accounts").split("<tr>")
        return next(row for row in rows if "main" in row)

    refused = told(1, now)
    assert "The provider refuses our credentials" in refused
    assert "it answered 401 &lt;b&gt;" in refused
    assert "The provider gives us no answers" in told(2, None)
    assert "it answered" not in told(0, None)  # It answers again.


def test_the_charts_can_be_read_without_being_seen(service: Service, reader: Visitor) -> None:
    service.hook.signalwire(FaxSid="f", FaxStatus="delivered")
    page = reader.get("/").text
    charts = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(charts) == 2
    for chart in charts:
        assert re.search(r'role="img" aria-labelledby="(\w+)-title \1-text"', chart)
        assert chart.count("<title>") == 24
    assert "Arrived 1, Failed 0" in charts[0]
    assert page.count("As a table") == 2


def test_the_stream_tells_that_something_changed_and_to_whom_it_matters(
    service: Service, reader: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(today, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(today, "BEAT_SECONDS", 0.3)
    theirs = service.hook.faxplus_account.id
    _, key = service.parts.database.write(
        lambda session: create_key(session, "plus", ["read"], account_id=theirs)
    )
    ours, other = reader.get("/live", stream=True), _live(service, key)
    words, others = ours.iter_encoded(), other.iter_encoded()
    assert (next(words), next(others)) == (b"retry: 3000\n\n", b"retry: 3000\n\n")
    service.hook.signalwire(FaxSid="f", FaxStatus="delivered")
    assert next(words).startswith(b"event: changed\ndata: ")
    assert set(islice(others, 2)) == {b": beat\n\n"}
    reader.fill("/sign-out", on="/")
    assert all(said == b": beat\n\n" for said in words)  # It ends by itself.
    ours.close()
    other.close()


def test_every_word_of_ours_has_words_for_people() -> None:
    assert set(STATUS_WORDS) == set(FaxStatus)
    assert set(REASON_WORDS) == set(REASONS)
    for code in REASONS:
        assert re.fullmatch(r"[A-Z][^.]+\.", advise(code))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (90, "1 min 30 s"),
        (3600, "1 h"),
        (3661, "1 h 1 min"),
        (86_400, "1 d"),
        (90_000, "1 d 1 h"),
    ],
)
def test_a_length_of_time_is_said_as_people_say_it(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize("most", [0, 1, 3, 7, 39, 82, 1_000, 123_456])
def test_marks_stay_inside_their_chart(most: int) -> None:
    outcomes = {"success": most, "failure": 0, "unknown": 0, "pending": 0, "canceled": 0}
    times = {"p50": most / 3, "p95": float(most), "p99": float(most)}
    bucket = {
        "bucket": datetime(2026, 11, 1, tzinfo=UTC),
        "faxes": most,
        "by_outcome": outcomes,
        "time_to_final": times,
    }
    for chart in (draw_volume([bucket] * 24), draw_times([bucket] * 24)):
        assert len({words for _, words in chart.ticks}) == 5
        for column in chart.columns:
            for mark in column.marks:
                assert chart.left <= mark.x
                assert mark.x + mark.width <= chart.width
                assert mark.y >= 0
                assert mark.y + mark.height <= chart.base + 4


def _live(service: Service, key: str) -> TestResponse:
    return Visitor(service.app).sign_in_with(key).get("/live", stream=True)


def _tell(service: Service, fax: str, status: str, ago: timedelta, **form: str) -> None:
    """A fax that was first heard of so long ago."""
    service.hook.signalwire(FaxSid=fax, FaxStatus=status, **form)
    fax_id = service.api.fax(fax)["id"]
    at = datetime.now(UTC) - ago
    service.parts.database.write(
        lambda session: session.execute(
            update(FaxRow).where(FaxRow.id == UUID(fax_id)).values(created_at=at, updated_at=at)
        )
    )


def _section(page: str, name: str) -> str:
    found = re.search(rf'<section[^>]*aria-labelledby="{name}".*?</section>', page, re.DOTALL)
    assert found
    return found[0]
