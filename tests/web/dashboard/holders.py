"""People who sign in with an API key, and so may do what the key may."""

from typing import Any

from faxhooks.services.keys import create_key
from tests.story import Service
from tests.web.dashboard.visitor import Visitor


def holding(service: Service, *scopes: str, **options: Any) -> Visitor:
    """Somebody who has signed in with a new key of these scopes."""
    _, key = service.parts.database.write(
        lambda session: create_key(session, "a key", scopes, **options)
    )
    return Visitor(service.app).sign_in_with(key)
