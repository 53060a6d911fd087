"""A fake of SignalWire's Compatibility API for faxes.

Written from the vendor's pages: send a fax and its OpenAPI description, paging, error codes,
status callbacks. Inferred, since no page says it: which status a callback for `initiated`,
`ringing` or `answered` carries; that a wrong value is answered 422; the order of a list.
"""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Final

from faxhooks.simulator.fakes.behaviour import WELL, Behaviour
from faxhooks.simulator.fakes.fake import Answer, Fake, Life, Step
from faxhooks.simulator.fakes.pages import page_of
from faxhooks.simulator.fakes.serving import Asked, Told
from faxhooks.simulator.fakes.signalwire_faxes import EVENTS, QUALITIES, Sent, iso
from faxhooks.simulator.story import Customer, Secrets, Stage

API: Final = "/api/laml/2010-04-01"
TRIAL: Final[Secrets] = {
    "project-id": ("b3877c40-da60-4998-90ad-b792e98472af",),
    "api-token": ("PTfakeFakeFakeFakeFake",),
    "signing-key": ("PSK_fakeFakeFakeFakeFake",),
}
"""An account for those who bring none."""

_EVENT: Final = "StatusCallbackEvent"
_METHOD: Final = "StatusCallbackMethod"
_ONE: Final = r"(?P<sid>[^/]+?)"
_END: Final = r"(\.json)?"
_REQUIRED: Final = ("MediaUrl", "To", "From")
_NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}|sips?:.+")
_URL: Final = re.compile(r"https?://[^\s/]+.*")
_BEFORE: Final = (("queued", 2.0), ("processing", 4.0))
_PER_PAGE: Final = 30.0


@dataclass(frozen=True, slots=True)
class Fault:
    """An error by its documented code."""

    status: int
    code: int
    message: str

    def told(self) -> Told:
        """In the envelope of the Compatibility API."""
        more = f"https://developer.signalwire.com/compatibility-api/error-codes#{self.code}"
        said = {"code": self.code, "message": self.message, "more_info": more}
        return Told.json({**said, "status": self.status}, self.status)


class SignalWireFake(Fake):
    """One project on a space of its own; without an `api-token` any token is taken."""

    title = "SignalWire"

    def __init__(
        self,
        behaviour: Behaviour = WELL,
        secrets: Secrets = TRIAL,
        calls_at: str | None = None,
        start: datetime | None = None,
    ) -> None:
        super().__init__(behaviour, calls_at, start)
        self.secrets = secrets
        self.project = secrets["project-id"][0]
        self.faxes: dict[str, Sent] = {}

    @property
    def options(self) -> Mapping[str, str]:
        """The account's options that lead here."""
        return {"base-url": self.url}

    @property
    def routes(self) -> Sequence[tuple[str, str, Answer]]:
        """Those of faxes and their media: with and without the `.json` of older pages, and at
        the root of the space too, where the vendor's Python package asks.
        """
        faxes = "(/api/laml)?/2010-04-01/Accounts/[^/]+/Faxes"
        return (
            ("POST", faxes + _END, self._send),
            ("GET", faxes + _END, self._list),
            ("GET", f"{faxes}/{_ONE}{_END}", self._get),
            ("POST", f"{faxes}/{_ONE}{_END}", self._update),
            ("DELETE", f"{faxes}/{_ONE}{_END}", self._delete),
            ("GET", f"{faxes}/{_ONE}/Media{_END}", self._list_media),
            ("GET", f"{faxes}/{_ONE}/Media/(?P<media>[^/]+?){_END}", self._get_media),
        )

    def is_let_in(self, asked: Asked) -> bool:
        """Basic, with the project whose faxes they are and its token."""
        if f"/Accounts/{self.project}/" not in f"{asked.path}/":
            return False
        given = asked.headers.get("authorization", "")
        tokens = self.secrets.get("api-token", ())
        made = [b64encode(f"{self.project}:{token}".encode()).decode() for token in tokens]
        return given in [f"Basic {each}" for each in made] if made else given.startswith("Basic ")

    def unauthorized(self) -> Told:
        """Code 20003."""
        return Fault(401, 20003, "Authentication failed").told()

    def not_found(self) -> Told:
        """Code 20404."""
        return Fault(404, 20404, "The requested resource was not found").told()

    def malformed(self) -> Told:
        """Code 10000."""
        return Fault(400, 10000, "Invalid argument").told()

    def throttled(self) -> Told:
        """Code 20429."""
        return Fault(429, 20429, "Too many requests").told()

    def receive(self, hook_url: str, word: str = "received", **ends: str) -> str:
        """Let a fax come in at a number whose fax URL this is; its id."""
        random = self.dice.random("fax")
        stage = self._stage(random, hook_url, ends.get("sender"), ends.get("recipient"))
        now, pages = self.clock.now(), random.randint(1, 9)
        life = Life.of(now, [("receiving", _PER_PAGE * pages)], word)
        sent = Sent(stage, stage.uuid(), stage.uuid(), now, pages, life, {"Direction": "inbound"})
        with self.lock:
            self.faxes[sent.sid] = sent
        self.postman.post(now, sent.question)
        self._post(sent, life.steps[-1])
        return sent.sid

    def _send(self, asked: Asked, _: re.Match[str]) -> Told:
        form = asked.form
        fields = dict(form)
        if fault := _refused(fields, [value for name, value in form if name == _EVENT]):
            return fault.told()
        random, now = self.dice.random("fax"), self.clock.now()
        stage = self._stage(random, fields.get("StatusCallback", ""), fields["From"], fields["To"])
        pages = random.randint(1, 3)
        seconds = _PER_PAGE * pages
        life = Life.of(now, [*_BEFORE, ("sending", seconds)], self.outcome(random, "delivered"))
        sent = Sent(stage, stage.uuid(), stage.uuid(), now, pages, life, fields)
        self.faxes[sent.sid] = sent
        events = [value for name, value in form if name == _EVENT] or ["completed"]
        for step in life.steps:
            if sent.event_of(step) in events:
                self._post(sent, step)
        return Told.json(sent.record(now, self.url))

    def _list(self, asked: Asked, _: re.Match[str]) -> Told:
        now = self.clock.now()
        found = [sent for sent in reversed(self.faxes.values()) if _matches(sent, asked.query)]
        page = page_of(asked, [sent.sid for sent in found], "faxes")
        if isinstance(page, int):
            return Fault(422, page, "The page cannot be had").told()
        page["faxes"] = [self.faxes[sid].record(now, self.url) for sid in page["faxes"]]
        return Told.json(page)

    def _get(self, _: Asked, match: re.Match[str]) -> Told:
        sent = self.faxes.get(match["sid"])
        return Told.json(sent.record(self.clock.now(), self.url)) if sent else self.not_found()

    def _update(self, asked: Asked, match: re.Match[str]) -> Told:
        """Canceling, which only a queued fax can be."""
        sent, now = self.faxes.get(match["sid"]), self.clock.now()
        if sent is None:
            return self.not_found()
        if dict(asked.form).get("Status") != "canceled":
            return Fault(422, 10000, "Status must be canceled").told()
        if sent.life.step(now).word != "queued":
            return Fault(422, 10000, "Only a queued fax can be canceled").told()
        self._post(sent, sent.life.end(now, "canceled"))
        return Told.json(sent.record(now, self.url))

    def _delete(self, _: Asked, match: re.Match[str]) -> Told:
        sent = self.faxes.get(match["sid"])
        if sent is None:
            return self.not_found()
        if sent.life.step(self.clock.now()).word in ("processing", "sending", "receiving"):
            return Fault(409, 20009, "The fax is not finished").told()
        del self.faxes[sent.sid]
        return Told(204)

    def _list_media(self, asked: Asked, match: re.Match[str]) -> Told:
        sent = self.faxes.get(match["sid"])
        if sent is None:
            return self.not_found()
        media = sent.media(self.clock.now())
        page = page_of(asked, [media["sid"]] if media else [], "media")
        if isinstance(page, int):
            return Fault(422, page, "The page cannot be had").told()
        page["media"] = page["fax_media"] = [media] if media and page["media"] else []
        return Told.json(page)

    def _get_media(self, _: Asked, match: re.Match[str]) -> Told:
        sent = self.faxes.get(match["sid"])
        media = sent.media(self.clock.now()) if sent else None
        known = media is not None and media["sid"] == match["media"]
        return Told.json(media) if known else self.not_found()

    def _post(self, sent: Sent, step: Step) -> None:
        if sent.stage.hook_url:
            self.postman.post(step.at, lambda: sent.tell(step))

    def _stage(
        self, random: Random, hook_url: str, sender: str | None, recipient: str | None
    ) -> Stage:
        customer = Customer(hook_url, self.secrets, sender, recipient)
        return Stage.of(customer, random, self.clock.now())


def _refused(fields: Mapping[str, str], events: Sequence[str]) -> Fault | None:
    """What is wrong with a fax that is to be sent, if anything is."""
    if missing := [name for name in _REQUIRED if not fields.get(name)]:
        return Fault(422, 10000, f"{missing[0]} is required and must not be blank")
    ttl = fields.get("Ttl", "60")
    checks: list[tuple[bool, int, str]] = [
        (bool(_NUMBER.fullmatch(fields["To"])), 21211, "To is not a valid number"),
        (bool(_URL.fullmatch(fields["MediaUrl"])), 21620, "MediaUrl is not a valid URL"),
        (ttl.isdigit() and 5 <= int(ttl) <= 300, 10000, "Ttl must be between 5 and 300"),
        (fields.get("Quality", "fine") in QUALITIES, 10000, "Quality is not known"),
        (fields.get("StoreMedia", "true") in ("true", "false"), 10000, "StoreMedia is not known"),
        (fields.get(_METHOD, "POST") in ("GET", "POST"), 10000, f"{_METHOD} is not known"),
        (bool(_URL.fullmatch(fields.get("StatusCallback", "http://x"))), 21456, "bad callback"),
        (set(events) <= {*EVENTS}, 21626, "StatusCallbackEvent is not known"),
    ]
    return next((Fault(422, code, text) for good, code, text in checks if not good), None)


def _matches(sent: Sent, query: Mapping[str, str]) -> bool:
    """Whether a list with these filters has the fax; times are compared as they are shown."""
    created = iso(sent.created_at)
    return (
        query.get("DateCreatedAfter", "") < created <= query.get("DateCreatedOnOrBefore", created)
        and sent.stage.sender == query.get("From", sent.stage.sender)
        and sent.stage.recipient == query.get("To", sent.stage.recipient)
    )
