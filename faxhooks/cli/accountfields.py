"""An account as it is shown: to programs, and to people a field a line."""

from collections.abc import Mapping
from typing import Any

from faxhooks.cli.showing import NOTHING
from faxhooks.providers.base import Option
from faxhooks.providers.registry import PROVIDERS
from faxhooks.services.accounts import Account
from faxhooks.services.connecting import Connection, Standing


def account_json(account: Account) -> dict[str, Any]:
    """An account for programs; of a secret it tells how many values are kept, never one."""
    options = _options(account)
    kept = {option.name: list(account.config.get(option.name, ())) for option in options}
    return {
        "id": account.id,
        "provider": account.provider,
        "label": account.label,
        "hook_url": account.hook_url or None,
        "hook_urls": list(account.hook_urls),
        "options": {o.name: kept[o.name] for o in options if not o.secret},
        "secrets": {o.name: len(kept[o.name]) for o in options if o.secret},
        "created_at": account.created_at,
        "disabled_at": account.disabled_at,
    }


def described(account: Account) -> list[tuple[str, Any]]:
    """What it is made of; of a secret whether it is set."""
    options = _options(account)
    urls = [("hook URL", account.hook_url or None)]
    urls += [("older hook URL", url) for url in account.hook_urls[1:]]
    kept = [(option.name, account.config.get(option.name, ())) for option in options]
    secret = {option.name for option in options if option.secret}
    return [
        ("label", account.label),
        ("provider", account.provider),
        ("id", account.id),
        *urls,
        *((name, _counted(values) if name in secret else values) for name, values in kept),
        ("created", account.created_at),
        ("disabled", account.disabled_at),
    ]


def asking_fields(asking: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """How its provider is asked, and how its callbacks came lately."""
    met = asking["callbacks"] or {"finals": 0, "by_callback": 0, "by_asking": 0, "lateness": None}
    late = met["lateness"]
    return [
        ("to ask about", asking["due"]),
        ("asked up to", asking["swept_until"]),
        ("left alone until", asking["paused_until"]),
        ("last error", asking["last_error"]),
        ("at", asking["last_error_at"]),
        ("ends in 30 days", met["finals"]),
        ("told by callbacks", met["by_callback"]),
        ("found by asking", met["by_asking"]),
        ("callbacks late by", late and f"p50 {late['p50']:.1f} s, p95 {late['p95']:.1f} s"),
    ]


def hook_fields(found: Connection) -> list[tuple[str, Any]]:
    """For which events its hook URLs are registered at the provider."""
    return [
        ("hook registered for", [hook.event for hook in found.of(Standing.CURRENT)]),
        ("older hook for", [hook.event for hook in found.of(Standing.OLD)]),
    ]


def _options(account: Account) -> tuple[Option, ...]:
    """None for an account of a provider that only another release knows."""
    provider = PROVIDERS.get(account.provider)
    return provider.options if provider else ()


def _counted(values: tuple[str, ...]) -> str:
    return {0: NOTHING, 1: "set"}.get(len(values), f"set, {len(values)} values")
