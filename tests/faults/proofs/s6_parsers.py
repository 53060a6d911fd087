"""S6: no parser breaks, whatever it is given.

Each reads generated input: any bytes, and what providers write with stretches of it changed. It
may refuse in the one way that it declares.
"""

from collections import Counter
from typing import Any, Final

from hypothesis import HealthCheck, given, seed, settings

from tests.faults.parsers import PARSERS, Parser
from tests.faults.proof import NEITHER, Finding, Proof, Trial


def prove(trial: Trial) -> Finding:
    """`n` is how often each parser reads."""
    finding = Finding()
    counted: Counter[str] = Counter()
    with trial.broken():
        for name, parser in PARSERS.items():
            crash = _crash(parser, trial, counted)
            counted["crashes"] += crash is not None
            finding.expect(crash is None, f"{name} refuses as it declares, but: {crash}")
    finding.figures = {"parsers": len(PARSERS), **counted}
    return finding


def _crash(parser: Parser, trial: Trial, counted: Counter[str]) -> str | None:
    """The smallest input that breaks it, if any does."""

    @settings(
        max_examples=trial.n,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @seed(trial.seed)
    @given(parser.given)
    def read(said: Any) -> None:
        counted["read"] += 1
        try:
            parser.read(said)
        except parser.refusal:
            counted["refused"] += 1

    try:
        read()
    except Exception as error:  # noqa: BLE001 (it is what the proof looks for, and is told)
        return repr(error)[:200]
    return None


PROOF: Final = Proof(
    id="S6",
    promise="no parser breaks, whatever it is given",
    prove=prove,
    small=40,
    full=1500,
    broken=300,
    variants=("times_taken_on_trust", "signatures_compared_as_text"),
    databases=NEITHER,
)
