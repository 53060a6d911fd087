"""S12: what people send is not in logs, metrics or error bodies."""

import os
from collections import Counter
from typing import Final

import requests

from tests.faults.planting import METRICS, Planted, strangers, stumbles, told
from tests.faults.proof import Finding, Proof, Trial
from tests.running.gunicorns import Network, running

WAYS: Final = 11
"""In which a name, a number and a key are written."""
SCRAPE: Final = {"Authorization": f"Bearer {METRICS}"}


def prove(trial: Trial) -> Finding:
    """Plant names, numbers and keys, `n` values, wherever a request has room, at a gunicorn
    that logs all it can and fails on purpose; then look for them and for the service's own.
    """
    finding, dice, found = Finding(), trial.random(), Counter[str]()
    asked = errors = 0
    with trial.broken():  # It may change how gunicorn is started.
        environ = {
            "LOG_LEVEL": "debug",
            "METRICS_TOKEN": METRICS,
            "API_RATE_LIMIT": "off",
            "FAULTS_VARIANT": trial.variant or "",
            "FAULTS_STUMBLE": "yes",
            "GUNICORN_CMD_ARGS": os.environ.get("GUNICORN_CMD_ARGS", ""),
        }
        planted = [
            Planted.drawn(dice, min(WAYS, trial.n - drawn)) for drawn in range(0, trial.n, WAYS)
        ]
        log = trial.folder / "log"
        with running(trial.database_url(), log, trial.door, **environ) as (served, hook, api):
            everything = Planted.known(hook, api)
            for values in planted:
                for answer in (*told(hook, values), *stumbles(hook, api, values)):
                    asked += 1
                    errors += answer.status_code >= 400
                    found.update(values.seen_in("error bodies", answer))
                for raw in strangers(Network(served.port), served.port, api, values):
                    asked += 1
                    errors += 1
                    found.update(values.seen_in("error bodies", raw))
            metrics = requests.get(
                f"http://127.0.0.1:{served.port}/metrics", headers=SCRAPE, timeout=10
            )
            served.stop()
    written = log.read_text()
    for values in (everything, *planted):
        found.update(values.seen_in("logs", written))
        found.update(values.seen_in("metrics", metrics.text))
    tracebacks = written.count("Traceback (most recent call last)")
    finding.figures = {
        "requests": asked,
        "errors": errors,
        "lines": written.count("\n"),
        "tracebacks": tracebacks,
        "found": dict(found),
    }
    finding.expect("faxhooks_callbacks_total" in metrics.text, "the metrics were there")
    finding.expect(written.count('"event":"request"') > asked // 2, "requests were logged")
    finding.expect(tracebacks >= 4 * trial.n, f"the failures were logged: {tracebacks}")
    finding.expect(not found, f"nothing that was planted is found: {dict(found)}")
    return finding


PROOF = Proof(
    id="S12",
    promise="logs, metrics and errors tell nobody's number, name, key or token",
    prove=prove,
    small=2,
    full=55,
    broken=3,
    variants=(
        "the_default_access_log",
        "errors_are_quoted",
        "reasons_are_quoted",
    ),
)
