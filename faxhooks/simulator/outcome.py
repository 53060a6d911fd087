"""What came of a firing: how it was answered, and where its faxes stand now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from faxhooks.simulator.asking import Api, Standing
from faxhooks.simulator.firing import Report


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answers and, once the API was asked, the faxes and the history of an only one.

    With the `seed` the same faxes can be told of again.
    """

    report: Report
    seed: int
    standing: Standing | None = None
    history: list[dict[str, Any]] = field(default_factory=list)

    def ask(
        self, api: Api, fax_ids: Sequence[str], tags: Mapping[str, str] | None = None
    ) -> "Outcome":
        """The same with what the API says, once the faxes have these tags.

        Raises FaxhooksError when it does not tell.
        """
        standing = api.standing(fax_ids, tags)
        only = len(fax_ids) == 1 and len(standing.faxes) == 1
        history = api.history(standing.faxes[0]) if only else []
        return replace(self, standing=standing, history=history)

    def as_json(self) -> dict[str, Any]:
        """One object; latencies are in milliseconds, and at most 100 faxes are in it."""
        standing = self.standing or Standing()
        return {
            "sent": self.report.sent,
            "answers": dict(sorted(self.report.answers.items())),
            "latency_ms": self.latency(),
            "seed": self.seed,
            "statuses": dict(sorted(standing.statuses.items())),
            "unknown": standing.unknown,
            "faxes": standing.faxes,
        }

    def latency(self) -> dict[str, float | None]:
        """Milliseconds within which half and nearly all were answered."""
        return {f"p{percent}": self.report.milliseconds(percent) for percent in (50, 99)}

    def summary(self) -> str:
        """The answers in one line."""
        answers = ", ".join(f"{n} times {said}" for said, n in sorted(self.report.answers.items()))
        times = ", ".join(f"{name} {ms} ms" for name, ms in self.latency().items())
        return f"{self.report.sent} sent; answered {answers}; {times}; seed {self.seed}"
