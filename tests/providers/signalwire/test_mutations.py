"""The genuine requests, changed in every way we could think of: none may be believed."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from faxhooks.domain.callback import Callback
from faxhooks.domain.errors import AuthenticityError
from faxhooks.providers.signalwire import SignalWire

from .mutations import (
    KINDS,
    ORIGINS,
    changed_fields,
    changed_origins,
    changed_signatures,
    changed_targets,
    fields_cut_in_two,
    flipped,
    merged_fields,
    moved_to_the_body,
    moved_to_the_query,
    rewritten,
    rewritten_json,
    says_the_same,
    signed,
    with_fields,
)
from .requests import ADAPTER, FORM, JSON, KEY, ORIGIN, SHA256, SIGNATURE, VECTORS, mac, vector

FORM_POST, QUERY, RELAY = VECTORS


def count_refused(changes: Iterable[Callback], adapter: SignalWire = ADAPTER) -> int:
    """How many changed requests there were; every one of them must be refused."""
    tried, accepted = 0, []
    for changed in changes:
        tried += 1
        try:
            adapter.verify(changed)
        except AuthenticityError:
            continue
        accepted.append(changed)
    assert accepted == []
    return tried


@pytest.mark.parametrize("name", VECTORS)
def test_no_other_signature_is_accepted(name):
    assert count_refused(changed_signatures(vector(name), SIGNATURE)) > 250


def test_no_other_sha256_signature_is_accepted():
    assert count_refused(changed_signatures(vector(RELAY), SHA256)) > 500


@pytest.mark.parametrize("name", VECTORS)
def test_no_other_url_is_accepted(name):
    callback = vector(name)
    assert count_refused(changed_targets(callback)) > 200
    assert count_refused(changed_origins(callback)) == len(ORIGINS)


@pytest.mark.parametrize("name", VECTORS)
def test_no_other_key_is_accepted(name):
    keys = [KEY.lower(), KEY[:-1], KEY + "0", KEY.removeprefix("PSK_"), f" {KEY}", "PSK_other"]
    for key in keys:
        assert count_refused(iter([vector(name)]), SignalWire((key,))) == 1


def test_no_other_form_is_accepted_unless_it_says_the_same():
    """Of a percent-encoded byte, the case is free, and nothing else."""
    genuine = vector(FORM_POST)
    changed = (replace(genuine, body=body) for body in flipped(genuine.body))
    different = [callback for callback in changed if not says_the_same(callback, genuine)]
    assert count_refused(different) > 3_500


def test_no_field_may_be_dropped_changed_repeated_or_added():
    genuine = vector(FORM_POST)
    assert count_refused(with_fields(genuine, fields) for fields in changed_fields(genuine)) > 90


def test_no_two_fields_may_run_together():
    assert count_refused(merged_fields(vector(FORM_POST))) == 2 * 12


def test_no_value_may_be_cut_in_two():
    assert count_refused(fields_cut_in_two(vector(FORM_POST))) > 200


def test_no_field_may_move_from_the_body_to_the_query():
    assert count_refused(moved_to_the_query(vector(FORM_POST))) == 3 * 13 + 4


@pytest.mark.parametrize("name", [FORM_POST, QUERY])
def test_no_part_of_the_query_may_move_into_the_body(name):
    """Cut anywhere after the path, even where the signed string stays the same."""
    assert count_refused(moved_to_the_body(vector(name))) > 100


def test_a_form_may_not_be_sent_as_json_nor_json_as_a_form_or_query():
    """Though hex and base64 write the same signature, and the signed strings are the same."""
    posted, said = vector(FORM_POST), vector(RELAY)
    run_together = "".join(name + value for name, value in posted.fields)
    json_post = replace(posted, body=run_together.encode(), headers={**posted.headers, **JSON})
    bare = json_post.target.partition("?")[0]
    unmarked = signed(replace(json_post, target=bare), mac(ORIGIN + bare + run_together).hex())
    text = said.body.decode()
    as_form = [
        replace(with_fields(said, cut), headers={**said.headers, **FORM})
        for cut in ([(text, "")], [("", text)], [(text[:9], text[9:])])
    ]
    as_query = replace(said, method="GET", target=said.target + text, body=b"")
    changes = [rewritten(changed) for changed in (json_post, *as_form, as_query)]
    assert count_refused(iter([unmarked, *changes])) == 6


def test_a_query_may_not_be_posted_nor_a_form_be_got():
    posted, got = vector(FORM_POST), vector(QUERY)
    path, _, query = got.target.partition("?")
    changes = [replace(got, method="POST"), replace(posted, method="GET")]
    changes += [replace(posted, method="GET", body=b"")]
    for kind in (FORM, JSON, {"content-type": ""}):
        headers = {**got.headers, **kind}
        changes += [replace(got, method="POST", headers=headers, body=posted.body)]
        changes += [replace(got, method="POST", headers=headers)]
        changes += [replace(got, method="POST", headers=headers, target=path, body=query.encode())]
    changes += [replace(posted, headers={**posted.headers, "content-type": kind}) for kind in KINDS]
    assert count_refused(iter(changes)) == 3 + 9 + len(KINDS)


def test_no_other_json_is_accepted_not_even_the_same_in_another_writing():
    genuine = vector(RELAY)
    assert count_refused(replace(genuine, body=b) for b in rewritten_json(genuine.body)) == 9
    assert count_refused(replace(genuine, body=b) for b in flipped(genuine.body)) > 5_000
    cut = (genuine.body[:end] for end in range(len(genuine.body)))
    assert count_refused(replace(genuine, body=b) for b in cut) > 600
