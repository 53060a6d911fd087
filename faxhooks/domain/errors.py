"""The tree of what faxhooks raises.

FaxhooksError
├── AuthenticityError   the callback is not the provider's: refuse it, keep nothing
├── UnreadableError     authentic, but not understood: keep it, say why
├── NotFoundError       no such object, or none the caller may see
├── InvalidInputError   a person's or a client's input is wrong
│   └── InvalidBodyError    and it stands in a JSON body
├── ChangedError        the object is no longer what the caller took it for
├── ConflictError       the object is not in a state that allows it
├── RefusedError        whoever it is may not sign in, or not yet
└── SettingsError       the service must not start like this
"""


class FaxhooksError(Exception):
    """Anything faxhooks raises on purpose; the text says what to do next."""


class AuthenticityError(FaxhooksError):
    """A callback that does not prove to be the provider's own.

    `cause` is one short word for the counters: `missing`, `mismatch`, `malformed`.
    """

    def __init__(self, cause: str, message: str) -> None:
        super().__init__(message)
        self.cause = cause


class UnreadableError(FaxhooksError):
    """An authentic callback that could not be turned into events.

    The text becomes the stored reason, `kind: what`, and holds no value of the callback
    but the provider's own status or event word.
    """


class NotFoundError(FaxhooksError):
    """There is no such object, or the caller may not see it; the two look the same."""


class InvalidInputError(FaxhooksError):
    """Input that can be repaired by who gave it; `field` names what to repair."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class InvalidBodyError(InvalidInputError):
    """A value in a JSON body that can be repaired; `field` is the JSON pointer to it."""


class ChangedError(FaxhooksError):
    """The object has changed since the caller read it: read it again, then decide anew."""


class ConflictError(FaxhooksError):
    """The object is not in a state that allows what was asked; the text says which would."""


class RefusedError(FaxhooksError):
    """Signing in failed; `retry_after` says in how many seconds to try again, if that is why."""

    def __init__(self, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class SettingsError(FaxhooksError):
    """A setting is missing, weak or contradicts another; the text says what to do."""


class UnavailableError(FaxhooksError):
    """The database is away, hung, full or read-only: nothing was kept, try again."""
