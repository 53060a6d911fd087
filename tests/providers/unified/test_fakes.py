"""The fakes of VoipNow and Hubgets refuse what their pages say, and the senders say why."""

from collections.abc import Iterator

import pytest

from faxhooks.providers.asking import ProviderError, RefusedError
from faxhooks.providers.sending import Sender
from faxhooks.simulator.fakes.behaviour import WELL
from faxhooks.simulator.fakes.registry import FAKES, TRIALS
from faxhooks.simulator.fakes.unified import UnifiedFake
from tests.fakes import config_of
from tests.providers.orders import FILES
from tests.providers.sent import UNIFIED, order, sender_of, taken_by


@pytest.fixture
def fake(name: str) -> Iterator[UnifiedFake]:
    with FAKES[name](WELL, TRIALS[name]).serve() as fake:
        assert isinstance(fake, UnifiedFake)
        yield fake


@pytest.fixture
def sender(name: str, fake: UnifiedFake) -> Iterator[Sender]:
    made = sender_of(name, config_of(fake))
    yield made
    made.close()


@pytest.mark.parametrize("name", UNIFIED)
@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ((400, "fx_recipients_invalid"), "request.invalid_number"),
        ((400, "fx_file_invalid"), "document.type"),
        ((400, "fx_max_files_reached"), "request.other"),
        ((400, "internal_server_error"), "provider.internal"),
        ((401, "access_denided"), "account.not_allowed"),
        ((501, "request_not_implemented"), "request.other"),
        ((204, ""), "request.other"),
    ],
)
def test_a_documented_refusal_is_told_with_its_reason(
    name: str, fake: UnifiedFake, sender: Sender, fault: tuple[int, str], reason: str
) -> None:
    fake.fault = fault
    with pytest.raises(ProviderError) as caught:
        sender.send(order(name))
    assert (caught.value.reason, caught.value.maybe_done) == (reason, False)
    assert "again later" not in str(caught.value)
    assert taken_by(fake) == []
    fake.fault = None
    sender.send(order(name))


@pytest.mark.parametrize("name", UNIFIED)
def test_a_fake_refuses_what_its_page_says(name: str, fake: UnifiedFake, sender: Sender) -> None:
    wrong = [
        ({"extension": ("12345",)}, {}, "extension_invalid"),
        ({"user-id": ("anna",)}, {}, "user_invalid"),
        ({"dial-prefix": ("*",)}, {}, "fx_recipients_invalid"),
        ({"files-per-fax": ("10",)}, {"documents": (FILES["image/tiff"],) * 6}, None),
    ]
    for options, fields, code in wrong:
        with pytest.raises(RefusedError) as caught:
            sender_of(name, {**config_of(fake), **options}).send(order(name, **fields))
        assert caught.value.code == (code or "fx_max_files_reached")


def test_voipnows_json_form_is_taken_by_the_fake_and_hubgets_knows_no_other() -> None:
    with FAKES["voipnow"](WELL, TRIALS["voipnow"]).serve() as fake:
        sender_of("voipnow", config_of(fake, form="json")).send(order("voipnow"))
        assert len(taken_by(fake)) == 1
    with FAKES["hubgets"](WELL, TRIALS["hubgets"]).serve() as fake:
        made = {**config_of(fake), "cookie": ("a=b; xsrf-token=c",), "access-token": ()}
        with pytest.raises(ProviderError, match="access_denied"):
            sender_of("hubgets", made).send(order("hubgets"))


def test_hubgets_lets_cookies_in_and_its_storage_sees_none() -> None:
    secrets = {"cookie": ("dev=f; xsrf-token=c; vn=X",), "extension": ("210",)}
    with FAKES["hubgets"](WELL, secrets).serve() as fake:
        sent = sender_of("hubgets", config_of(fake)).send(order("hubgets"))
        assert len(taken_by(fake)) == 1
    assert len(sent.references) == 2


@pytest.mark.parametrize("name", UNIFIED)
def test_the_storage_of_a_fake_takes_nothing_late(name: str, fake: UnifiedFake) -> None:
    fake.life = -1
    form = {"form": "json"} if name == "voipnow" else {}
    with pytest.raises(ProviderError) as caught:
        sender_of(name, config_of(fake, **form)).send(order(name))
    assert (caught.value.reason, caught.value.maybe_done) == ("document.upload_expired", False)
    assert taken_by(fake) == []
