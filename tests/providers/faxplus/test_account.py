"""What a Fax.Plus account is made of."""

import pytest

from faxhooks.providers.asking import renew_alone
from faxhooks.providers.faxplus import FAXPLUS
from tests.providers.faxplus.requests import recorded

OPTIONS = {option.name: option for option in FAXPLUS.options}


def test_an_account_needs_nothing_and_reads_times_in_utc():
    assert not any(option.required for option in FAXPLUS.options)
    (event,) = FAXPLUS.adapter({}, "https://x/hooks/faxplus/T").normalize(
        recorded("documented_sent")
    )
    assert event.occurred_at.hour == 10


def test_an_account_may_have_a_time_zone():
    adapter = FAXPLUS.adapter({"time-zone": ("America/New_York",)}, "https://x/")
    assert adapter.normalize(recorded("documented_sent"))[0].occurred_at.hour == 14


@pytest.mark.parametrize("zone", ["UTC", " Europe/Zurich ", "America/New_York"])
def test_an_iana_zone_is_accepted(zone):
    assert OPTIONS["time-zone"].check(zone) == zone.strip()


@pytest.mark.parametrize("zone", ["", "America", "EDT+4", "../etc/passwd", "a\0b", "x" * 999])
def test_anything_else_is_no_zone(zone):
    with pytest.raises(ValueError, match="IANA time zone"):
        OPTIONS["time-zone"].check(zone)


def test_what_lets_one_in_is_secret():
    assert [name for name, option in OPTIONS.items() if option.secret] == [
        "access-token",
        "client-secret",
        "refresh-token",
        "oauth-token",
    ]


def test_a_personal_access_token_is_known_by_its_prefix():
    assert OPTIONS["access-token"].check(" alohi_pat_Ab-9_x\n") == "alohi_pat_Ab-9_x"


@pytest.mark.parametrize("token", ["Bearer alohi_pat_x", "APIK-secret", "a b"])
def test_another_kind_of_token_is_refused_without_being_shown(token):
    with pytest.raises(ValueError, match="must be a personal access token") as error:
        OPTIONS["access-token"].check(token)
    assert token not in str(error.value)


@pytest.mark.parametrize("token", ["", "alohi_pat_"])
def test_an_empty_token_is_refused(token):
    with pytest.raises(ValueError, match="must be a personal access token"):
        OPTIONS["access-token"].check(token)


@pytest.mark.parametrize(
    ("name", "given", "kept"),
    [
        ("currency", " chf ", "CHF"),
        ("refresh-in", "FORM", "form"),
        ("client-id", " APIK-1 ", "APIK-1"),
        ("api-time-zone", "Europe/Zurich", "Europe/Zurich"),
        ("base-url", "http://127.0.0.1:8100/v3/", "http://127.0.0.1:8100/v3"),
    ],
)
def test_values_are_kept_in_one_writing(name, given, kept):
    assert OPTIONS[name].check(given) == kept


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("currency", "francs"),
        ("refresh-in", "header"),
        ("client-secret", "two words"),
        ("refresh-token", "a\r\nb"),
        ("oauth-token", ""),
        ("token-url", "http://accounts.fax.plus/token"),
    ],
)
def test_wrong_values_are_refused_without_being_shown(name, given):
    with pytest.raises(ValueError, match="must be") as error:
        OPTIONS[name].check(given)
    assert not given or given not in str(error.value)


@pytest.mark.parametrize("missing", ["client-id", "client-secret", "refresh-token"])
def test_oauth_takes_all_of_its_three_values(missing):
    config = {"client-id": ("a",), "client-secret": ("b",), "refresh-token": ("c",)}
    assert FAXPLUS.client(config, renew_alone(config)) is not None
    del config[missing]
    assert FAXPLUS.client(config, renew_alone(config)) is None
