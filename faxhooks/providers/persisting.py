"""What every account through which faxes are sent has: what follows one that failed."""

from typing import Final

from faxhooks.providers.base import Option

REDIALS: Final = "redials"
DELAYS: Final = "redial-delays"
FAIL_OVER: Final = "fail-over"

MOST_TIMES: Final = 10
LONGEST_DELAY: Final = 24 * 60
USUAL_DELAYS: Final = (5, 15, 60)
"""Minutes before each redial; the last of them goes for all that follow."""


def check_times(value: str) -> str:
    """How often. Raises ValueError."""
    return str(_whole(value, MOST_TIMES))


def check_delays(value: str) -> str:
    """Minutes with commas. Raises ValueError."""
    found = [_whole(each, LONGEST_DELAY) for each in value.split(",")]
    if len(found) > MOST_TIMES:
        raise ValueError(f"must be no more than {MOST_TIMES} delays")
    return ",".join(map(str, found))


def persisting_options() -> tuple[Option, ...]:
    """For each of the registry's lines that has a sender."""
    return (
        Option(
            REDIALS,
            "how often a fax that did not get through is sent again, where that may help",
            default="0",
            check=check_times,
        ),
        Option(
            DELAYS,
            "minutes before each redial, with commas; the last goes for all that follow",
            default=",".join(map(str, USUAL_DELAYS)),
            check=check_delays,
        ),
        Option(FAIL_OVER, "label or id of the account that is tried when this one fails"),
    )


def _whole(value: str, most: int) -> int:
    plain = value.strip()
    if not (plain.isascii() and plain.isdigit() and len(plain) < 9 and int(plain) <= most):
        raise ValueError(f"must be a whole number from 0 to {most}")
    return int(plain)
