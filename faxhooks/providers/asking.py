"""Asking a provider's own API about faxes: what every client offers, and what it raises.

A client reads; when to ask, how often and what to keep is its caller's. What it brings back
are the same `FaxEvent`s as callbacks state, from the source `poll` and `confirmed`, each with
the very bytes it was read from.

ProviderError           `again` says whether asking once more can help, `after` when
├── CredentialsError    it does not accept who asks: nothing will work until that is repaired
├── RefusedError        it understood the question and says no
├── ThrottledError      it was asked too often
├── AwayError           it did not answer, or is out of order
└── StrangeAnswerError  it answered with what its documentation does not know
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import ClassVar, Protocol

from faxhooks.domain.callback import Callback
from faxhooks.domain.errors import FaxhooksError
from faxhooks.domain.fax import FaxEvent, Reference

Values = Mapping[str, tuple[str, ...]]
"""Some of an account's options, as `Config` has them."""

Renew = Callable[[Values], Values]
"""Takes an account's newest values and returns those that are to replace some of them."""

Renewing = Callable[[Renew], Values]
"""How an account's credentials are renewed, once however many ask at the same time.

It is given a function, calls it with the account's newest values while nobody else renews
them, keeps what that returns before anything else happens, and gives it back. A provider may
take a refresh token once only, so one that is not kept is an account that is locked out.
"""


class ProviderError(FaxhooksError):
    """A provider's API did not give what it was asked for.

    `status` is the HTTP status, if there was one, and `code` the provider's own word or number
    for the fault. `maybe_done` is set where the request may have had its effect although no
    answer came: what must not happen twice is then not to be repeated blindly. Of a fax that
    was to be sent, `reason` says why it was not, in our words, and `references` are the ids
    that the provider had given it before that.
    """

    again: ClassVar[bool] = False
    reason: str | None = None
    references: tuple[Reference, ...] = ()

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        after: float | None = None,
        maybe_done: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.after = after  # Seconds, where the provider named a time.
        self.maybe_done = maybe_done


class CredentialsError(ProviderError):
    """The account's credentials are missing, wrong, expired, or lack a scope."""


class RefusedError(ProviderError):
    """The provider says no, and would say it again."""


class ThrottledError(ProviderError):
    """The provider wants to be asked less often; `after` is how long to wait, if it said so."""

    again = True


class AwayError(ProviderError):
    """No connection, no answer in time, or a fault of the provider's own (5xx)."""

    again = True


class StrangeAnswerError(ProviderError):
    """An answer that cannot be used: no JSON, too long, a link or a redirect to elsewhere."""

    again = True


@dataclass(frozen=True, slots=True)
class Sighting:
    """What the API said of one fax, and the bytes in which it said so.

    `answer` is kept as a callback is: the request's method, origin and target, and as body the
    fax's own record, cut out of the answer as it stood there. `Provider.read_answer` reads it
    again to the same events. Without `events`, `reason` tells why it could not be read.
    """

    answer: Callback
    events: tuple[FaxEvent, ...] = ()
    reason: str | None = None

    @property
    def digest(self) -> bytes:
        """That of the one event; that of the raw record where it was not understood."""
        if len(self.events) == 1:
            return self.events[0].digest
        return sha256(b"answer\0" + self.answer.body).digest()


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of a list, oldest question first; `next` leads on and is None at the end.
    `behind` is by how much the provider's clock is behind ours.
    """

    sightings: tuple[Sighting, ...]
    next: str | None = None
    behind: timedelta = timedelta()


class Client(Protocol):
    """Asks the API of one account; not for two threads at once, and closed after use.

    Every method raises ProviderError and nothing else. None of them repeats a request by
    itself, except once with renewed credentials.
    """

    @property
    def calls(self) -> int:
        """How many requests it has sent so far, for who keeps a budget."""

    def find_fax(self, ids: Sequence[str]) -> Sighting | None:
        """What the provider says of the fax that has one of these ids, asked one after the
        other; None where it knows none of them.
        """

    def list_faxes(self, since: datetime, until: datetime, cursor: str | None = None) -> Page:
        """One page of the faxes made after `since` and not after `until`, in both directions,
        and of those that are on their way. One request; `cursor` is the page before's `next`.
        """

    def cancel_fax(self, ids: Sequence[str]) -> Sighting | None:
        """Stop a fax that is not yet on its way; what the provider then says of it, if it says
        anything. Raises RefusedError when it is too late or it knows no such fax.
        """

    def close(self) -> None:
        """Let the connection go."""


def renew_alone(values: Values) -> Renewing:
    """Renewing for a process that keeps nothing and is alone, with the values it started from."""
    kept = dict(values)

    def renewing(renew: Renew) -> Values:
        fresh = renew(kept)
        kept.update(fresh)
        return fresh

    return renewing
