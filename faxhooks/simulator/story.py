"""What a simulated provider says of one fax, and the stage on which it says it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from faxhooks.domain.fax import FaxStatus

Secrets = Mapping[str, Sequence[str]]
"""An account's values by option name, newest first, as `account add` took them."""

Clock = Callable[[], datetime]
"""What time it is, aware."""

FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"
STEP: Final = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request as the provider would send it: signed over `url`, ready to be sent as it is.

    `fax_id` is one of the provider's ids that identify the fax it is about.
    """

    fax_id: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Customer:
    """An account as the provider knows it: where it is to be called, and its secrets.

    `sender` and `recipient` are those of its faxes, fictitious where they are not given.
    """

    hook_url: str
    secrets: Secrets = field(repr=False)
    sender: str | None = None
    recipient: str | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """All that a story may depend on; `now` is when its last callback is made.

    `sender` and `recipient` are those of the fax, whichever of them the account is.
    """

    random: Random
    hook_url: str
    secrets: Secrets = field(repr=False)
    now: datetime
    sender: str
    recipient: str

    @classmethod
    def of(cls, customer: Customer, random: Random, now: datetime) -> "Stage":
        """The stage for one fax of a customer."""
        sender, recipient = fictitious(random), fictitious(random)
        return cls(
            random,
            customer.hook_url,
            customer.secrets,
            now,
            customer.sender or sender,
            customer.recipient or recipient,
        )

    def secret(self, name: str, default: str = "") -> str:
        """The newest value of an account's option."""
        return next(iter(self.secrets.get(name, ())), default)

    def times(self, steps: int) -> list[datetime]:
        """A time for each step, the last of them now; seconds apart, as fine as clocks show."""
        return [self.now - STEP * left for left in reversed(range(steps))]

    def uuid(self) -> str:
        """An id as SignalWire makes them."""
        return str(UUID(int=self.random.getrandbits(128), version=4))

    def hexadecimal(self, digits: int) -> str:
        """So many random hexadecimal digits."""
        return f"{self.random.getrandbits(4 * digits):0{digits}x}"


Tell = Callable[[Stage], list[Prepared]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A story by its name, and what is to be believed once all of it was heard.

    `status` is where the fax then stands, in whatever order its callbacks came; None where
    none of them can be read. So many of them as `unread` are kept as unrecognized.
    """

    name: str
    about: str
    tell: Tell
    status: FaxStatus | None
    conflict: bool = False
    unread: int = 0


def fictitious(random: Random) -> str:
    """A number of the range 555-01xx, which is set aside for fiction."""
    return f"+1310555{random.randrange(100, 200):04d}"


def with_query(url: str, fields: Mapping[str, str]) -> str:
    """The URL with these fields in its query, behind those that it has."""
    return f"{url}{'&' if '?' in url else '?'}{urlencode(fields)}"
