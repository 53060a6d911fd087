"""Where a person enters a hook URL at SignalWire, which has no list of hooks to register in.

Sources: the Compatibility API's reference (send a fax); the guide on callbacks for inbound
faxes, for the dashboard; the REST API's reference (update a phone number); SWML's send_fax and
receive_fax.
"""

import json
from shlex import quote
from typing import Final

from faxhooks.providers.asking import Values
from faxhooks.providers.connecting import Step
from faxhooks.providers.signalwire.client import API
from faxhooks.providers.signalwire.sender import REPEATED, told_at

_OWN: Final = (("MediaUrl", "MEDIA_URL"), ("From", "FROM"), ("To", "TO"))


def make_guide(config: Values, hook_url: str) -> tuple[Step, ...]:
    """What to do for faxes sent, for numbers that receive, and for scripts."""
    project, space, address, form = (
        next(iter(config.get(name, ())), "")
        for name in ("project-id", "space", "base-url", "event-form")
    )
    told = tuple(told_at(hook_url, form or REPEATED))
    origin = address.rstrip("/") or f"https://{space or '$SPACE'}.signalwire.com"
    curl = f'curl -u "{project}:$API_TOKEN" \\\n  '
    return (
        Step(
            "Every fax that you send by the API",
            "request that sends it",
            told,
            curl + _send(f"{origin}{API}/Accounts/{project}/Faxes", told),
        ),
        Step(
            "Every number that receives faxes",
            "dashboard: Phone Numbers → the number → Edit Settings",
            (
                ("Accept Incoming Calls As", "Fax"),
                ("Handle Faxes Using", "LaML Webhooks"),
                ("the URL asked for", hook_url),
            ),
            curl + _update(f"{origin}/api/relay/rest/phone_numbers/$NUMBER_ID", hook_url),
        ),
        Step(
            "Every SWML script, instead of the above",
            "send_fax and receive_fax",
            (("status_url", hook_url),),
        ),
    )


def _send(url: str, told: tuple[tuple[str, str], ...]) -> str:
    """Of a fax's own values the names of variables."""
    own = [f'--data-urlencode "{name}=${variable}"' for name, variable in _OWN]
    fields = [f"--data-urlencode {quote(f'{name}={value}')}" for name, value in told]
    return " \\\n  ".join([f'"{url}"', *own, *fields])


def _update(url: str, hook_url: str) -> str:
    """By a token that has the scope Numbers."""
    body = {
        "call_receive_mode": "fax",
        "call_handler": "laml_webhooks",
        "call_request_url": hook_url,
        "call_request_method": "POST",
    }
    headers = "-H 'Content-Type: application/json'"
    return " \\\n  ".join([f'-X PUT "{url}"', f"{headers} -d {quote(json.dumps(body))}"])
