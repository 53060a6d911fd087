"""What every provider brings: how to check its callbacks and how to read them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from faxhooks.domain.callback import Callback
from faxhooks.domain.errors import AuthenticityError, UnreadableError
from faxhooks.domain.fax import Evidence, FaxEvent
from faxhooks.providers.asking import Client, Renewing
from faxhooks.providers.connecting import HookClient, Step, plain_guide
from faxhooks.providers.sending import Sender

Config = Mapping[str, tuple[str, ...]]
"""An account's values by option name; an option given once has a tuple of one."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a provider is told once its callback is safe; always status 200."""

    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"


class Adapter(Protocol):
    """Reads one account's callbacks; pure, so that a replay reads as the first time did."""

    def verify(self, callback: Callback) -> Evidence:
        """How sure we may be of it. Raises AuthenticityError when it must be refused."""

    def normalize(self, callback: Callback) -> tuple[FaxEvent, ...]:
        """The facts it states, at least one. Raises UnreadableError when it cannot tell."""

    def reply(self, callback: Callback) -> Reply:
        """The body the provider expects after the commit; must not raise."""


class NoCallbacks:
    """The adapter of a provider that calls nobody: whatever claims to be from it is not."""

    def verify(self, callback: Callback) -> Evidence:  # noqa: ARG002
        """Refuse it. Raises AuthenticityError."""
        raise AuthenticityError("missing", "this provider calls nobody")

    def normalize(self, callback: Callback) -> tuple[FaxEvent, ...]:  # noqa: ARG002
        """Raises UnreadableError."""
        raise UnreadableError("no callbacks: this provider has none")

    def reply(self, callback: Callback) -> Reply:  # noqa: ARG002
        """Nothing."""
        return Reply()


def no_callbacks(config: Config, hook_url: str) -> Adapter:  # noqa: ARG001
    """For the registry's line of a provider that has none."""
    return NoCallbacks()


@dataclass(frozen=True, slots=True)
class Option:
    """One value an account of this provider has, as `account add` asks for it.

    `check` returns the value to keep and raises ValueError with what is allowed. A `rotates`
    option keeps several values, newest first, until the old ones are dropped. `demo` makes up
    a value for a demo account, where the provider's form of one allows it.
    """

    name: str
    help: str
    secret: bool = False
    required: bool = False
    rotates: bool = False
    default: str | None = None
    check: Callable[[str], str] = str.strip
    demo: Callable[[], str] | None = None


TIME_LIMIT: Final = "time-limit"
PACE: Final = "calls-per-minute"
_LONGEST_LIMIT: Final = 7 * 24 * 60
_QUICKEST_PACE: Final = 6000


def asking_options(minutes: int = 24 * 60) -> tuple[Option, ...]:
    """What every account has that may be asked; `minutes` is how long a fax of this provider
    may take before nobody can say any more what became of it.
    """
    return (
        Option(
            TIME_LIMIT,
            "minutes after which a fax without an end is unconfirmed",
            default=str(minutes),
            check=lambda value: check_whole(value, _LONGEST_LIMIT),
        ),
        Option(
            PACE,
            "requests in a minute that the API may be sent",
            default="60",
            check=lambda value: check_whole(value, _QUICKEST_PACE),
        ),
    )


def check_whole(value: str, most: int) -> str:
    """A whole number from 1 to `most`. Raises ValueError for anything else."""
    plain = value.strip()
    if not (plain.isascii() and plain.isdigit() and len(plain) < 9 and 1 <= int(plain) <= most):
        raise ValueError(f"must be a whole number from 1 to {most}")
    return str(int(plain))


@dataclass(frozen=True, slots=True)
class Provider:
    """A line of the registry. `adapter` takes an account's values and its hook URL;
    `headers` are the lower-case names of the request headers worth keeping;
    `samples` show a callback of each media type, as its documentation does.

    `client` takes an account's values and how they are renewed; it is None for a provider that
    cannot be asked, and returns None for an account without the credentials that asking takes.
    `read_answer` reads the answer of a `Sighting` again; it is as pure as an adapter.
    `sender` is made like a client, of a provider that can be sent through; `connect` likewise,
    of one that lets hooks be registered by its API. `guide` takes an account's values and its
    hook URL, and says what a person does with it.
    """

    name: str
    title: str
    options: tuple[Option, ...]
    headers: frozenset[str] = frozenset()
    samples: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    adapter: Callable[[Config, str], Adapter] = no_callbacks
    client: Callable[[Config, Renewing], Client | None] | None = None
    read_answer: Callable[[Config, Callback], tuple[FaxEvent, ...]] | None = None
    sender: Callable[[Config, Renewing], Sender | None] | None = None
    connect: Callable[[Config, Renewing], HookClient | None] | None = None
    guide: Callable[[Config, str], tuple[Step, ...]] = plain_guide

    @property
    def has_hook(self) -> bool:
        """Whether an account of it has a hook URL: only where there are callbacks."""
        return self.adapter is not no_callbacks

    def value(self, config: Config, name: str) -> str | None:
        """An account's newest value of an option, or the option's default: an account may be
        older than the option.
        """
        if values := config.get(name):
            return values[0]
        return next((option.default for option in self.options if option.name == name), None)
