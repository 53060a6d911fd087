"""What holds for every provider in the registry, whatever it is sent."""

import json
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faxhooks.domain.callback import Callback
from faxhooks.domain.errors import NotFoundError
from faxhooks.providers.registry import PROVIDERS, get_provider
from tests.providers.contract import a_value, check, kept, read, verified
from tests.providers.recorded import ARRIVED, ORIGIN, requests_of
from tests.providers.strange import (
    BODIES,
    HEADERS,
    TARGETS,
    altered_forms,
    altered_posts,
    post,
    values,
)

each = pytest.mark.parametrize("name", PROVIDERS)
CALLING = [name for name in PROVIDERS if PROVIDERS[name].has_hook]
each_that_calls = pytest.mark.parametrize("name", CALLING)
# Drawn alike in every run, so that a change that breaks nothing never fails.
often = settings(max_examples=100, deadline=None, database=None, derandomize=True)


@each
def test_a_provider_is_found_by_its_name(name):
    assert get_provider(name) is PROVIDERS[name]
    assert PROVIDERS[name].name == name
    assert PROVIDERS[name].title


def test_an_unknown_name_is_not_found_and_the_known_ones_are_told():
    with pytest.raises(NotFoundError, match="signalwire, faxplus"):
        get_provider("nobody")


@each
def test_every_option_is_explained_and_named_once(name):
    options = PROVIDERS[name].options
    assert len({option.name for option in options}) == len(options)
    for option in options:
        assert option.help
        assert set(option.name) <= {*string.ascii_lowercase, "-"}


@each
def test_a_default_is_allowed_and_neither_secret_nor_required(name):
    for option in PROVIDERS[name].options:
        if option.default is not None:
            assert kept(option, option.default) == option.default
            assert not option.secret
            assert not option.required


@each
@settings(often, max_examples=15)
@given(written=st.text(max_size=40))
def test_an_option_refuses_with_a_value_error_and_keeps_what_it_would_keep_again(name, written):
    for option in PROVIDERS[name].options:
        value = kept(option, written)
        assert value is None or kept(option, value) == value
        assert kept(option, f" {a_value(option)}\n") == a_value(option)


@each
def test_a_refused_secret_is_not_in_the_refusal(name):
    for option in PROVIDERS[name].options:
        if option.secret:
            with pytest.raises(ValueError, match="must be") as error:
                option.check("hush hush\0")
            assert "hush" not in str(error.value)


@each
def test_the_headers_worth_keeping_are_in_lower_case(name):
    assert all(header == header.lower() for header in PROVIDERS[name].headers)


@each_that_calls
def test_the_recorded_requests_keep_the_contract_and_most_are_understood(name):
    requests = requests_of(name)
    understood = [request for request in requests if check(name, request)]
    assert len(understood) > len(requests) / 2


@each_that_calls
def test_different_facts_have_different_digests(name):
    events = [event for request in requests_of(name) for event in check(name, request)]
    facts = {event._replace(digest=b"") for event in events}
    assert len(facts) <= len({event.digest for event in events})


@each
@often
@given(st.sampled_from(["POST", "GET", "PUT", "HEAD", ""]), TARGETS, HEADERS, BODIES)
def test_any_bytes_keep_the_contract(name, method, target, headers, body):
    check(name, Callback(method, ORIGIN, target, headers, body, ARRIVED))


@each_that_calls
@often
@given(data=st.data())
def test_json_with_strange_values_in_any_place_keeps_the_contract(name, data):
    check(name, data.draw(altered_posts(name)))


@each_that_calls
@often
@given(data=st.data())
def test_json_of_its_own_words_in_any_shape_keeps_the_contract(name, data):
    check(name, post(json.dumps(data.draw(values(name))).encode()))


@each_that_calls
@often
@given(data=st.data())
def test_forms_and_queries_with_strange_values_keep_the_contract(name, data):
    query, form = data.draw(altered_forms(name))
    check(name, query)
    check(name, form)


@each
def test_a_provider_without_callbacks_refuses_all_of_them_and_its_accounts_have_no_hook(name):
    provider = PROVIDERS[name]
    callback = post(b"{}")
    adapter = provider.adapter({}, "")
    assert provider.has_hook is bool(provider.samples) is bool(provider.headers)
    if provider.has_hook:
        return
    assert verified(adapter, callback) == "missing"
    assert read(adapter, callback) == ((), "no callbacks: this provider has none")
