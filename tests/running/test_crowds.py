"""Under gunicorn with two processes: everything at once."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.running.gunicorns import running
from tests.story import Api, Hook


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
