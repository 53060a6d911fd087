"""The export in `make bench-queries`: all faxes come, from the real server, and are judged."""

from pathlib import Path

import pytest

from benchmarks import exports, queries
from benchmarks.exemplars import make_exemplars
from benchmarks.exports import FORMS, LEAST_A_SECOND, MOST_MB, Export


def test_all_faxes_are_exported_in_each_form(blank_sqlite_url: str, tmp_path: Path) -> None:
    ground = queries.make_ground(blank_sqlite_url, make_exemplars(tmp_path, of_each=1, seed=1), 300)
    found = list(exports.export("sqlite", ground, tmp_path))
    ground.database.engine.dispose()
    assert [(each.form, each.rows) for each in found] == [(form, 300) for form in FORMS]
    assert all(each.rows_a_second > 0 and each.megabytes > 20 for each in found)


@pytest.mark.parametrize(
    ("form", "seconds", "megabytes", "said"),
    [
        ("NDJSON", 1.0, MOST_MB, "  met"),
        ("NDJSON", 1.1, MOST_MB, "  NOT MET"),
        ("NDJSON", 1.0, MOST_MB + 1, "  NOT MET"),
        ("CSV", 2.0, MOST_MB, "  met"),
    ],
)
def test_an_export_is_judged_by_its_speed_and_its_memory(
    form: str, seconds: float, megabytes: float, said: str
) -> None:
    export = Export("sqlite", form, LEAST_A_SECOND, seconds, megabytes)
    assert exports.table([export]).splitlines()[-1].endswith(said)
