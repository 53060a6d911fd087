"""How a person registers a hook URL at Fax.Plus.

Sources: the help centre's page on web hooks for the dashboard; the API reference (hooks).
"""

import json
from shlex import quote

from faxhooks.providers.asking import Values
from faxhooks.providers.connecting import Step
from faxhooks.providers.faxplus.client import API_URL
from faxhooks.providers.faxplus.words import EVENTS


def make_guide(config: Values, hook_url: str) -> tuple[Step, ...]:
    """One step: the same URL for both events."""
    api = next(iter(config.get("base-url", ())), API_URL)
    return (
        Step(
            "Outgoing and incoming faxes",
            "dashboard: Profile → Integrations → Web Hooks",
            (("Outgoing Faxes", hook_url), ("Incoming Faxes", hook_url)),
            " &&\n".join(_post(api, hook_url, event) for event in EVENTS),
        ),
    )


def _post(api: str, hook_url: str, event: str) -> str:
    body = json.dumps({"target": hook_url, "event": event})
    return (
        f'curl {quote(api + "/hooks")} -H "Authorization: Bearer $ACCESS_TOKEN" '
        f"\\\n  -H 'Content-Type: application/json' -d {quote(body)}"
    )
