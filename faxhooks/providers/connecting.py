"""Telling a provider our hook URL: by its API where it has one for that, else by a person."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

from faxhooks.providers.asking import CredentialsError, Values


@dataclass(frozen=True, slots=True)
class Hook:
    """A hook as the provider has it registered: where it calls, and for which event."""

    id: str
    target: str
    event: str


@runtime_checkable
class HookClient(Protocol):
    """A client of a provider that lets hooks be registered by its API.

    Like those of `Client`, its methods raise ProviderError and nothing else.
    """

    hook_events: ClassVar[tuple[str, ...]]
    """The events there is to register a hook for, all of which an account needs."""

    def list_hooks(self) -> tuple[Hook, ...]:
        """Every hook of those events, ours and others'."""

    def add_hook(self, target: str, event: str) -> Hook:
        """Have an event reported to this URL."""

    def remove_hook(self, hook_id: str) -> None:
        """End one; one that is not there is as good as removed."""

    def close(self) -> None:
        """Let the connection go."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a person does so that a provider calls: where, and what is entered there by which
    name. `command` does the same, to be pasted into a shell; secrets are variables in it.
    """

    what: str
    where: str
    values: tuple[tuple[str, str], ...]
    command: str | None = None


def plain_guide(config: Values, hook_url: str) -> tuple[Step, ...]:  # noqa: ARG001
    """For a provider of which no more is known than that it calls a URL."""
    return (Step("Each callback", "where the provider asks for its URL", (("URL", hook_url),)),)


@contextmanager
def needing(title: str, scope: str) -> Iterator[None]:
    """Say which scope it is that a token lacks, where the provider only says 403."""
    try:
        yield
    except CredentialsError as error:
        if error.status != 403:
            raise
        code = f" (code {error.code})" if error.code else ""
        raise CredentialsError(
            f"{title} answered 403{code}: the token lacks the scope {scope}; "
            "make one that has it, and give it to the account with `faxhooks account rotate`",
            status=error.status,
            code=error.code,
        ) from None
