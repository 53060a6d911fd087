"""Every goal has a verdict, and none is met by what was not measured."""

from dataclasses import replace
from typing import Any

import pytest

from benchmarks import goals, service
from benchmarks.goals import LARGE, Run
from benchmarks.peers import lineup
from benchmarks.report import Figure, Round, speed

MEASURED_ELSEWHERE = {
    "queries at 1,000,000 faxes ÷ at 100,000",
    "statistics of a year at 1,000,000 faxes, ms",
    "export of 1,000,000 faxes, rows/s",
    "export of 1,000,000 faxes, MB",
}


def figure(name: str, per_second: float, p99: float = 10, alone: float = 1) -> Figure:
    crowded, single = Round(32, per_second, 1, p99, 0.1, {"200": 9}), Round(1, 9, alone, 2, 0, {})
    return Figure(name, crowded=[crowded], alone=[single], starts=[1.5], megabytes=[90])


def run(**changes: Any) -> Run:
    """A run in which everything is just met."""
    speeds = {
        service.FLASK: 1500, service.SQLITE: 750, LARGE: 1250, service.VERIFIES: 2100,
        lineup.FLASK_ORM: 75, lineup.FASTAPI: 500, lineup.FASTAPI_ONE: 900,
        lineup.FASTIFY: 800, lineup.FASTIFY_ONE: 1000, lineup.FASTIFY_TWO: 950,
    }  # fmt: skip
    figures = {name: figure(name, speed, p99=20) for name, speed in speeds.items()}
    figures[service.FLASK] = figure(service.FLASK, 1500, p99=10)
    return replace(Run(figures, service.FLASK, {}), **changes)


def verdicts(run: Run) -> dict[str, bool | None]:
    return {each.as_json()["goal"]: each.as_json()["met"] for each in goals.judge(run)}


def test_what_is_just_enough_meets_every_goal_that_this_run_measures() -> None:
    found = verdicts(run())
    assert {name for name, met in found.items() if met is None} == MEASURED_ELSEWHERE
    assert all(met for met in found.values() if met is not None)


@pytest.mark.parametrize(
    ("name", "worse", "missed"),
    [
        (service.FLASK, {"per_second": 1400}, "as shipped ÷ fastest peer"),
        (service.FLASK, {"per_second": 1500, "p99": 11}, "p99: as shipped ÷ fastest peer"),
        (lineup.FLASK_ORM, {"per_second": 80}, "as shipped ÷ Flask + ORM"),
        (lineup.FLASK_ORM, {"per_second": 215}, "by Flask ÷ Flask + ORM"),
        (lineup.FASTAPI_ONE, {"per_second": 1501}, "by Flask ÷ FastAPI, one statement"),
        (service.VERIFIES, {"per_second": 2200}, "by Flask ÷ Flask, verifies only"),
        (
            lineup.FASTAPI_ONE, {"per_second": 900, "alone": 0.9},
            "p50 on one connection: as shipped ÷ FastAPI, one statement",
        ),
        (service.SQLITE, {"per_second": 740}, "on SQLite ÷ as shipped"),
        (LARGE, {"per_second": 1240}, "price of a callback at 1,000,000 faxes ÷ at 0"),
    ],
)  # fmt: skip
def test_what_is_a_little_worse_does_not(name: str, worse: dict[str, Any], missed: str) -> None:
    measured = run()
    changed = {**measured.figures, name: figure(name, **worse)}
    assert verdicts(replace(measured, figures=changed))[missed] is False


@pytest.mark.parametrize("name", [service.FLASK, service.SQLITE])
def test_a_worker_that_grows_too_large_on_either_database_is_found_out(name: str) -> None:
    measured = run()
    measured.figures[name].megabytes.append(121)
    assert verdicts(measured)["memory of a web worker, MB"] is False


def test_the_start_is_that_of_what_is_shipped() -> None:
    measured = run()
    measured.figures[service.FLASK].starts.extend([2.1, 2.1])
    assert verdicts(measured)["start to first answer, s"] is False


def test_the_fastest_peer_is_not_known_while_one_of_them_is_missing() -> None:
    figures = run().figures
    others = {name: each for name, each in figures.items() if name != lineup.FASTIFY_ONE}
    partial = run(figures=others, missing={lineup.FASTIFY_ONE: "node is not here"})
    assert verdicts(partial)["as shipped ÷ fastest peer"] is None
    assert verdicts(partial)["as shipped ÷ Flask + ORM"] is True
    assert "Fastify + pg, one statement is missing: node is not here" in goals.table(
        goals.judge(partial)
    )


def test_a_figure_that_does_not_count_meets_no_goal() -> None:
    measured = run()
    measured.figures[service.FLASK].crowded.append(Round(32, 9, 1, 1, 0.1, {"200": 9, "503": 1}))
    assert verdicts(measured)["as shipped ÷ fastest peer"] is None


def test_a_turn_in_which_the_machine_was_disturbed_does_not_change_a_ratio() -> None:
    one, other = figure("one", 2000), figure("other", 1000)
    for rate in (200, 1600):
        one.crowded.extend(figure("one", rate).crowded)
        other.crowded.extend(figure("other", rate / 2).crowded)
    assert speed(one, other) == 2
