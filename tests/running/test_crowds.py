"""Under gunicorn with two processes: any order, and everything at once."""

import itertools
import json
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.running.gunicorns import running
from tests.story import Api, Hook

ARRIVAL = {"id", "provider_fax_id", "references", "created_at", "updated_at"}
STORY: list[dict[str, str]] = [
    {"FaxStatus": "queued", "Timestamp": "2026-01-13T21:54:00Z"},
    {"FaxStatus": "processing", "Timestamp": "2026-01-13T21:54:10Z"},
    {"FaxStatus": "sending", "Timestamp": "2026-01-13T21:54:20Z", "RemoteStationId": "CLINIC"},
    {"FaxStatus": "failed", "Timestamp": "2026-01-13T21:54:30Z", "ErrorCode": "34004"},
    {"FaxStatus": "delivered", "Timestamp": "2026-01-13T21:54:40Z", "NumPages": "2"},
]


def test_all_120_orders_of_five_callbacks_give_the_same_fax(
    database_url: str, tmp_path: Path
) -> None:
    with running(database_url, tmp_path / "log") as (_, hook, api):

        def tell(order: tuple[int, tuple[dict[str, str], ...]]) -> str:
            number, story = order
            for said in story:
                form = {"FaxSid": f"f{number}", "To": "+13104456789", **said}
                assert hook.signalwire(**form).status_code == 200
            fax = api.fax(f"f{number}")
            return json.dumps({name: fax[name] for name in fax if name not in ARRIVAL})

        with ThreadPoolExecutor(8) as pool:
            orders = enumerate(itertools.permutations(STORY))
            told = Counter(pool.map(tell, orders))
    assert list(told.values()) == [120], told
    (only,) = told
    assert json.loads(only)["status"] == "delivered"
    assert json.loads(only)["flags"] == ["conflict"]


def test_a_thousand_callbacks_at_once_leave_every_fax_right(
    database_url: str, tmp_path: Path
) -> None:
    rng = random.Random(20260920)
    finals = ["delivered", "busy", "no-answer", "failed", "canceled"]
    posts: list[tuple[str, str]] = []
    for number in range(50):
        words = ["queued", "processing", "sending", finals[number % len(finals)]]
        posts += [(f"f{number}", word) for word in words] * 5
    rng.shuffle(posts)
    assert len(posts) == 1000
    with running(database_url, tmp_path / "log") as (served, hook, api):
        with ThreadPoolExecutor(64) as pool:
            answers = Counter(pool.map(lambda post: _post(hook, *post), posts))
        assert answers == {200: 1000}
        _assert_all_right(api, finals)
        assert served.stop() < 5
    assert "Traceback" not in served.output.read_text()


def _post(hook: Hook, fax: str, word: str) -> int:
    status: int = hook.signalwire(FaxSid=fax, FaxStatus=word).status_code
    return status


def _assert_all_right(api: Api, finals: list[str]) -> None:
    faxes: dict[str, Any] = {fax["provider_fax_id"]: fax for fax in api.faxes("?limit=200")}
    assert len(faxes) == 50
    for number in range(50):
        fax = faxes[f"f{number}"]
        final = finals[number % len(finals)]
        assert (fax["status"], fax["events"], fax["flags"]) == (final, 4, [])
        history = api.history(f"f{number}")
        assert sorted(event["status"] for event in history) == sorted(
            ["queued", "processing", "sending", final]
        )
        assert [event["seq"] for event in history] == [1, 2, 3, 4]
