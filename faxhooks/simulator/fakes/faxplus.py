"""A fake of Fax.Plus' API v3: files, outbox, faxes, hooks and tokens.

Written from the vendor's API reference and its package. Inferred, since no page says it: the
codes of errors other than `too_many_files` and `too_many_destinations`; 404 for what is not
there; that a fax which is to be tried again waits in the outbox until then.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

from faxhooks.simulator.fakes.behaviour import WELL, Behaviour
from faxhooks.simulator.fakes.fake import Answer, Fake
from faxhooks.simulator.fakes.faxplus_faxes import Attempt, Plan, Sent
from faxhooks.simulator.fakes.faxplus_refusals import MISSING, WRONG, fault_of, refused
from faxhooks.simulator.fakes.faxplus_tokens import Tokens
from faxhooks.simulator.fakes.multipart import find_part
from faxhooks.simulator.fakes.serving import Asked, Told
from faxhooks.simulator.faxplus_requests import RECEIVED, SENT
from faxhooks.simulator.story import Customer, Prepared, Secrets, Stage

TRIAL: Final[Secrets] = {
    "access-token": ("alohi_pat_fakeFakeFakeFakeFake",),
    "client-id": ("APIK-fake",),
    "client-secret": ("fakeFakeFakeFake",),
    "refresh-token": ("fakeRefreshToken",),
    "time-zone": ("UTC",),
}
"""An account for those who bring none."""

EVENTS: Final = (SENT, RECEIVED)
_ACCOUNT: Final = "/v3/accounts/[^/]+"
_ID: Final = r"(?P<id>[^/]+)"


class FaxPlusFake(Fake):
    """One user. Without tokens in its secrets any bearer is let in.

    With `own_ids` a fax gets another id once it is sent, by which lists name it while the old
    one still finds it. With `sample_spelling` a record has `from_number` as in the reference's
    sample, not `from` as in its schema.
    """

    title = "Fax.Plus"

    def __init__(
        self,
        behaviour: Behaviour = WELL,
        secrets: Secrets = TRIAL,
        calls_at: str | None = None,
        start: datetime | None = None,
    ) -> None:
        super().__init__(behaviour, calls_at, start)
        self.own_ids, self.sample_spelling = False, False
        self.uid = f"{self.dice.random('user').getrandbits(128):032x}"
        self.tokens = Tokens(secrets, self.dice)
        self.secrets = secrets
        self.faxes: dict[str, Sent] = {}
        self.hooks: dict[str, dict[str, str]] = {}
        self.files: set[str] = set()

    @property
    def options(self) -> Mapping[str, str]:
        """The account's options that lead here."""
        return {"base-url": f"{self.url}/v3", "token-url": f"{self.url}/token"}

    @property
    def routes(self) -> Sequence[tuple[str, str, Answer]]:
        """Those of the reference that sending, following and hooks take."""
        outbox, faxes = f"{_ACCOUNT}/outbox", f"{_ACCOUNT}/faxes"
        return (
            ("POST", f"{_ACCOUNT}/files", self._upload),
            ("POST", outbox, self._send),
            ("GET", outbox, self._list_outbox),
            ("GET", f"{outbox}/{_ID}", self._get_outbox),
            ("PUT", f"{outbox}/{_ID}", self._comment),
            ("DELETE", f"{outbox}/{_ID}", self._cancel),
            ("GET", faxes, self._list),
            ("GET", f"{faxes}/{_ID}", self._get),
            ("POST", "/v3/hooks", self._add_hook),
            ("GET", "/v3/hooks", self._list_hooks),
            ("DELETE", f"/v3/hooks/{_ID}", self._remove_hook),
            ("POST", "/token", self._token),
        )

    def is_let_in(self, asked: Asked) -> bool:
        """A bearer; the token endpoint looks at the application's own credentials."""
        return asked.path == "/token" or self.tokens.let_in(asked)

    def unauthorized(self) -> Told:
        """401, with a code that is inferred."""
        return refused(401, "unauthorized", "The access token is not valid")

    def not_found(self) -> Told:
        """404, with a code that is inferred."""
        return refused(404, "not_found", "There is no such thing")

    def malformed(self) -> Told:
        """400, with a code that is inferred."""
        return refused(400, WRONG, "The request cannot be read")

    def throttled(self) -> Told:
        """429, of which no page speaks."""
        return refused(429, "too_many_requests", "Too many requests")

    def receive(self, word: str = "success", **ends: str) -> str:
        """Let a fax come in; its id."""
        with self.lock:
            stage = self._stage(ends.get("sender"), ends.get("recipient"))
            return self._keep(Sent.received(stage, self.uid, word)).id

    def _upload(self, asked: Asked, _: re.Match[str]) -> Told:
        found = find_part(asked, "fax_file")
        if found is None:
            return refused(400, MISSING, "The part fax_file is missing")
        name = f"{self.dice.random('file').getrandbits(128):032x}"
        path = f"/storage/transient-{name}.{asked.query.get('format', 'pdf')}"
        self.files.add(path)
        return Told.json({"path": path})

    def _send(self, asked: Asked, _: re.Match[str]) -> Told:
        """One fax for each destination, with an id of its own."""
        body = asked.json()
        if fault := fault_of(body, self.files):
            return fault
        ids = {to: self._keep(self._sent(body, to)).id for to in body["to"]}
        return Told.json({"ids": ids} if body.get("return_ids") is True else {}, 201)

    def _list_outbox(self, _: Asked, __: re.Match[str]) -> Told:
        now = self.clock.now()
        waiting = [each for each in self.faxes.values() if each.waits(now)]
        return Told.json({"records": [each.outbox_record(now) for each in waiting]})

    def _get_outbox(self, _: Asked, match: re.Match[str]) -> Told:
        sent, now = self._waiting(match), self.clock.now()
        return Told.json(sent.outbox_record(now)) if sent else self.not_found()

    def _comment(self, asked: Asked, match: re.Match[str]) -> Told:
        """Here the comment is a text, unlike in sending."""
        sent = self._waiting(match)
        if sent is None:
            return self.not_found()
        sent.comment = str(asked.json().get("comment", ""))
        return Told(204)

    def _cancel(self, _: Asked, match: re.Match[str]) -> Told:
        """It is then in no list: there is no word for a fax that was canceled."""
        sent = self._waiting(match)
        if sent is None:
            return self.not_found()
        del self.faxes[sent.id]
        return Told(204)

    def _list(self, asked: Asked, _: re.Match[str]) -> Told:
        now, query = self.clock.now(), asked.query
        inbound = query.get("category") == "inbox"
        found = [
            each.record(now, self.sample_spelling)
            for each in self.faxes.values()
            if not each.waits(now) and each.is_inbound is inbound
        ]
        after, before = query.get("after", ""), query.get("before", "9999")
        found = [each for each in found if after <= each["start_time"] <= before]
        found.sort(key=lambda each: str(each["start_time"]), reverse=query.get("order") != "asc")
        offset, limit = int(query.get("offset") or 0), int(query.get("limit") or 50)
        return Told.json({"data": {"records": found[offset : offset + limit]}})

    def _get(self, _: Asked, match: re.Match[str]) -> Told:
        now, wanted = self.clock.now(), match["id"]
        sent = self.faxes.get(wanted) or next(
            (each for each in self.faxes.values() if each.fax_id == wanted), None
        )
        if sent is None or sent.waits(now):
            return self.not_found()
        return Told.json(sent.record(now, self.sample_spelling))

    def _add_hook(self, asked: Asked, _: re.Match[str]) -> Told:
        body = asked.json()
        if body.get("event") not in EVENTS or not str(body.get("target", "")).startswith("http"):
            return refused(400, WRONG, "target or event is missing or wrong")
        made = f"{self.dice.random('hook').getrandbits(96):024x}"
        self.hooks[made] = {"id": made, "target": body["target"], "event": body["event"]}
        return Told.json({"id": made}, 201)

    def _list_hooks(self, asked: Asked, _: re.Match[str]) -> Told:
        event = asked.query.get("event")
        if event is None:
            return refused(400, MISSING, "event is missing")
        return Told.json({"data": [each for each in self.hooks.values() if each["event"] == event]})

    def _remove_hook(self, _: Asked, match: re.Match[str]) -> Told:
        return Told(204) if self.hooks.pop(match["id"], None) else self.not_found()

    def _token(self, asked: Asked, _: re.Match[str]) -> Told:
        made = self.tokens.renew(asked)
        if isinstance(made, str):
            return refused(401 if made == "invalid_client" else 400, made, "No token for that")
        return Told.json(made)

    def _waiting(self, match: re.Match[str]) -> Sent | None:
        sent = self.faxes.get(match["id"])
        return sent if sent and sent.waits(self.clock.now()) else None

    def _sent(self, body: Mapping[str, Any], to: str) -> Sent:
        """One of a request's faxes; each attempt at it has an outcome of its own."""
        stage = self._stage(body["from"], to)
        plan = Plan.of(body, lambda: self.outcome(stage.random, "success"))
        return Sent.sent(stage, self.uid, plan, own_id=self.own_ids)

    def _stage(self, sender: str | None, recipient: str | None) -> Stage:
        random = self.dice.random("fax")
        return Stage.of(Customer("", self.secrets, sender, recipient), random, self.clock.now())

    def _keep(self, sent: Sent) -> Sent:
        """Take a fax in; its webhooks go to the hooks that are registered now."""
        self.faxes[sent.id] = sent
        targets = [each["target"] for each in self.hooks.values() if each["event"] == sent.event]
        for attempt in sent.attempts:
            for target in targets:
                self.postman.post(attempt.at, partial(self._tell, sent, attempt, target))
        return sent

    def _tell(self, sent: Sent, attempt: Attempt, target: str) -> Prepared | None:
        return sent.tell(attempt, target) if sent.id in self.faxes else None
