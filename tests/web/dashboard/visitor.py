"""Somebody with a browser, in this process: keeps cookies, fills in the forms of a page."""

import re
from typing import Any, Final

from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from faxhooks.services.passwords import Cost, hash_password
from faxhooks.services.users import add_user
from tests.story import PUBLIC_URL, Service

PASSWORD: Final = "correct horse battery"
CHEAP: Final = Cost(n=2, r=1, p=1)
"""For users of whom a test wants anything but that their password is hard to guess."""

_PROOF: Final = re.compile(r'name="form_token" value="(\w+)"')


class Visitor:
    """A browser at the service's public address; `address` is what the proxy in front saw."""

    def __init__(self, app: Any, address: str = "192.0.2.1", base_url: str = PUBLIC_URL) -> None:
        self.client = app.test_client()
        self._base_url = base_url
        self._headers = {"X-Forwarded-For": f"203.0.113.9, {address}"}

    def get(self, path: str, *, stream: bool = False) -> TestResponse:
        """A page; of a `stream` only the beginning."""
        answer: TestResponse = self.client.get(
            path, base_url=self._base_url, headers=self._headers, buffered=not stream
        )
        return answer

    def send(self, path: str, **form: str) -> TestResponse:
        """A form as it is, without the proof that a page would give."""
        answer: TestResponse = self.client.post(
            path, data=form, base_url=self._base_url, headers=self._headers
        )
        return answer

    def fill(self, path: str, *, on: str = "/sign-in", **form: str) -> TestResponse:
        """A form of the page `on`."""
        return self.send(path, form_token=self.proof(on), **form)

    def proof(self, on: str = "/sign-in") -> str:
        """What the forms of a page prove themselves by."""
        return str(_PROOF.findall(self.get(on).text)[0])

    def sign_in(self, name: str, password: str = PASSWORD, **form: str) -> TestResponse:
        """With a name and a password."""
        return self.fill("/sign-in", name=name, password=password, **form)

    def sign_in_with(self, key: str) -> "Visitor":
        """With an API key that is good."""
        assert self.fill("/sign-in", key=key).status_code == 303
        return self

    @property
    def is_in(self) -> bool:
        """Whether Today opens."""
        return self.get("/").status_code == 200


def let_in(service: Service, name: str, role: str = "viewer", cost: Cost = CHEAP) -> Visitor:
    """A new user, who has signed in; the hash of their password costs this much to try."""

    def add(session: Session) -> None:
        row = add_user(session, name, role=role, password=PASSWORD)
        row.password = hash_password(PASSWORD, cost)

    service.parts.database.write(add, seconds=10)  # To hash takes long on a busy machine.
    visitor = Visitor(service.app)
    assert visitor.sign_in(name).status_code == 303
    return visitor
