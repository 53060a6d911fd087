"""S11: no cell of an export is one that a spreadsheet runs, and numbers stay numbers."""

import csv
import io
import json
import random
import re
from collections.abc import Iterator
from typing import Any, Final

from faxhooks.services import exporting
from faxhooks.services.keys import create_key
from tests.faults.proof import Finding, Proof, Trial
from tests.faults.serving import in_process
from tests.story import Service

SIGNS: Final = "=+-@\uff1d\uff0b\uff0d\uff20"
LEADS: Final = (
    *("", "", " ", "\t", "\r", "\n", "\r\n", '"', "'", '""', "\ufeff", "\u00a0", ",", ";", '";"'),
    *("x;", "x\t", "x\r\n", "x\n\t ", 'x"\n', "x,\r"),
)
TAILS: Final = ("1+1", 'HYPERLINK("http://x","y")', "SUM(A1:A9)", "cmd|' /C calc'!A0", "", "\n@a")
STRICT: Final = re.compile(r"\+[1-9][0-9]{6,14}")
CHECKED: Final = ("provider_fax_id", "from", "to", "remote_station_id", "error.message")


def prove(trial: Trial) -> Finding:
    """Plant `n` faxes full of cells that would run, take them away as CSV, and read that as
    spreadsheets do that are set to commas, to semicolons and to tabs.
    """
    finding, dice = Finding(), trial.random()
    with in_process(trial) as service:
        _plant(service, dice, trial.n)
        text = _export(service, "text/csv").decode()
        faxes = [json.loads(line) for line in _export(service, "application/x-ndjson").splitlines()]
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    run = {name: sum(map(_runs, cells)) for name, cells in _readings(text, rows).items()}
    changed = sum(_is_changed(row, fax) for row, fax in zip(rows, faxes, strict=True))
    # No provider's word with a NUL becomes a fax, so such a cell is made without one.
    nuls = [exporting.safe_cell(f"\0{_hostile(dice)}\0") for _ in range(trial.n)]
    run["nuls"] = sum(_runs(cell) or "\0" in cell for cell in nuls)
    numbers = [fax["to"] for fax in faxes if STRICT.fullmatch(fax["to"] or "")]
    harmed = len(set(numbers) - {row["to"] for row in rows})
    finding.figures = {
        "faxes": len(faxes),
        "cells": sum(map(len, rows)),
        "run": run,
        "numbers": len(numbers),
        "numbers_harmed": harmed,
        "cells_that_say_something_else": changed,
    }
    finding.expect(len(faxes) == trial.n, f"all {trial.n} faxes are in the export: {len(faxes)}")
    finding.expect(len(numbers) > trial.n // 4, f"numbers to harm are there: {len(numbers)}")
    finding.expect(not any(run.values()), f"no cell is run: {run}")
    finding.expect(harmed == 0, f"strict E.164 numbers are unharmed: {harmed}")
    finding.expect(changed == 0, f"cells say what the API says: {changed} do not")
    return finding


def _plant(service: Service, dice: random.Random, count: int) -> None:
    """Faxes of both providers with such words wherever a provider, a sender or a user writes."""
    (_, key), labelled = service.parts.database.write(
        lambda s: (
            create_key(s, "tags", ["send"]),
            service.parts.accounts.add(s, "faxplus", "=1+1;@label", {}),
        )
    )
    service.hook.faxplus_account = labelled
    for number in range(count):
        if number % 2:
            form = {name: _hostile(dice) for name in ("From", "RemoteStationId", "ErrorMessage")}
            fax, to = f"{_hostile(dice)}{number}", f"+1310{dice.randrange(10**6, 10**7)}"
            said = service.hook.signalwire(FaxSid=fax, FaxStatus="failed", To=to, **form)
        else:
            ends = {"to": _hostile(dice), "from": _hostile(dice)}
            said = service.hook.faxplus(f"{_hostile(dice)}{number}", "success", **ends)
        assert said.status_code == 200
    for fax in service.api.faxes("?limit=20"):
        body = json.dumps({"tags": {"note": "=1+1;@x"}}).encode()
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        path = f"/api/v1/faxes/{fax['id']}"
        assert service.api.transport.send("PATCH", path, headers, body).status_code == 200


def _hostile(dice: random.Random) -> str:
    """One that a spreadsheet would run, or would take for the end of one of ours."""
    return dice.choice(LEADS) + dice.choice(SIGNS) + dice.choice(TAILS)


def _export(service: Service, form: str) -> bytes:
    headers = {"Authorization": f"Bearer {service.api.key}", "Accept": form}
    answer = service.api.transport.send("GET", "/api/v1/faxes", headers, b"")
    assert answer.status_code == 200, answer.text
    return bytes(answer.data)


def _readings(text: str, rows: list[dict[str, str]]) -> dict[str, Iterator[str]]:
    """The cells as spreadsheets see them; those set to other separators take quotes for text."""
    lines = re.split(r"[\r\n]", text)
    return {
        "commas": (cell for row in rows for cell in row.values()),
        "semicolons": (cell for line in lines for cell in line.split(";")),
        "tabs": (cell for line in lines for cell in line.split("\t")),
    }


def _runs(cell: str) -> bool:
    """Whether a spreadsheet would calculate it; blanks and quotes before the sign do not help."""
    begins = cell.lstrip(' \t\r\n\0"\u00a0\ufeff')
    return begins[:1] in set(SIGNS) and not STRICT.fullmatch(cell)


def _is_changed(row: dict[str, str], fax: dict[str, Any]) -> bool:
    """Whether a cell says anything but its value and our quotes."""
    flat = {**fax, **{f"error.{name}": said for name, said in (fax["error"] or {}).items()}}
    return any(
        row[name].replace("'", "") != (flat.get(name) or "").replace("'", "") for name in CHECKED
    )


PROOF = Proof(
    id="S11",
    promise="an export is safe to open",
    prove=prove,
    small=200,
    full=3_000,
    broken=200,
    variants=("csv_alone",),
)
