"""What a SignalWire account is made of."""

import pytest

from faxhooks.domain.errors import AuthenticityError
from faxhooks.domain.fax import Evidence
from faxhooks.providers.asking import renew_alone
from faxhooks.providers.signalwire import SIGNALWIRE

from .requests import HOOK, ORIGIN, RECORDED, fax_post, form, recorded, relay, request

OPTIONS = {option.name: option for option in SIGNALWIRE.options}
PROJECT = "b3877c40-da60-4998-90ad-b792e98472af"


def adapter(**config):
    values = {name.replace("_", "-"): given for name, given in config.items()}
    return SIGNALWIRE.adapter(values, ORIGIN + HOOK)


def test_the_options_are_the_documented_ones():
    assert list(OPTIONS) == [
        "project-id",
        "signing-key",
        "api-token",
        "space",
        "base-url",
        "store-media",
        "sip-username",
        "sip-password",
        "event-form",
        "unsigned-json",
        "time-limit",
        "calls-per-minute",
        "redials",
        "redial-delays",
        "fail-over",
    ]
    assert [name for name, option in OPTIONS.items() if option.required] == [
        "project-id",
        "signing-key",
    ]
    assert [name for name, option in OPTIONS.items() if option.secret] == [
        "signing-key",
        "api-token",
        "sip-password",
    ]
    assert [name for name, option in OPTIONS.items() if option.rotates] == ["signing-key"]
    assert OPTIONS["unsigned-json"].default == "no"
    assert OPTIONS["time-limit"].default == "75"


@pytest.mark.parametrize(
    ("name", "given", "kept"),
    [
        ("project-id", f" {PROJECT.upper()} ", PROJECT),
        ("signing-key", " PSK_abc\n", "PSK_abc"),
        ("api-token", "PTabc", "PTabc"),
        ("space", "Example", "example"),
        ("space", "example.signalwire.com", "example"),
        ("space", "https://my-example.signalwire.com/", "my-example"),
        ("base-url", "https://Example.signalwire.com/", "https://example.signalwire.com"),
        ("unsigned-json", "YES", "yes"),
    ],
)
def test_values_are_kept_in_one_writing(name, given, kept):
    assert OPTIONS[name].check(given) == kept


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("project-id", "b3877c40"),
        ("project-id", "{b3877c40-da60-4998-90ad-b792e98472af}"),
        ("signing-key", " "),
        ("signing-key", "PSK with spaces"),
        ("signing-key", "PSK_é"),
        ("space", "example.com"),
        ("space", "a/b"),
        ("space", ""),
        ("base-url", "http://example.signalwire.com"),
        ("unsigned-json", "maybe"),
    ],
)
def test_wrong_values_are_refused_without_being_shown(name, given):
    with pytest.raises(ValueError, match="must be") as caught:
        OPTIONS[name].check(given)
    assert not given.strip() or given not in str(caught.value)


def test_the_adapter_has_every_key_and_trusts_nothing_unsigned_by_default():
    both = adapter(signing_key=("PSK_new", "PSK_old"), unsigned_json=("no",))
    for key in ("PSK_new", "PSK_old"):
        assert both.verify(form({"FaxSid": "f1"}, key=key)) is Evidence.SIGNED
    for strict in (both, adapter()):
        with pytest.raises(AuthenticityError):
            strict.verify(request(relay(fax_post()).body))


def test_unsigned_json_is_the_accounts_choice():
    trusting = adapter(signing_key=("PSK_new",), unsigned_json=("yes",))
    assert trusting.verify(request(relay(fax_post()).body)) is Evidence.UNSIGNED


def test_the_headers_kept_are_enough_to_read_a_callback_again():
    read = adapter()
    for name in RECORDED:
        callback = recorded(name)
        kept = {k: v for k, v in callback.headers.items() if k in SIGNALWIRE.headers}
        again = request(callback.body, kept, callback.method, callback.target)
        assert read.normalize(again) == read.normalize(callback)


def test_secrets_are_not_in_the_adapters_own_description():
    shown = repr(adapter(signing_key=("PSK_new",)))
    assert "PSK_new" not in shown
    assert HOOK not in shown


def test_an_account_asks_its_space_or_the_address_it_is_given():
    config = {"project-id": (PROJECT,), "signing-key": ("k",), "api-token": ("PTx",)}
    made = {
        "https://example.signalwire.com": {**config, "space": ("example",)},
        "http://127.0.0.1:1": {
            **config,
            "space": ("example",),
            "base-url": ("http://127.0.0.1:1",),
        },
    }
    for origin, values in made.items():
        client = SIGNALWIRE.client(values, renew_alone(values))
        assert client._caller.origin == origin
    assert SIGNALWIRE.client(config, renew_alone(config)) is None
    without = {"project-id": (PROJECT,), "space": ("example",)}
    assert SIGNALWIRE.client(without, renew_alone(without)) is None
