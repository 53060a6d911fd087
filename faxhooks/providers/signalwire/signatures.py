"""Whether a request was signed with a key of the project.

Sources: the guides on webhook security of the Compatibility API (forms, queries) and of SWML
(JSON). The vendor's packages are not used: one accepts any body under the signature of its
bare URL, another raises TypeError for a wrong signature of nested JSON.
"""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from itertools import chain
from operator import itemgetter
from typing import Final
from urllib.parse import parse_qs

from faxhooks.domain.callback import Callback
from faxhooks.domain.errors import AuthenticityError, UnreadableError
from faxhooks.domain.fax import Evidence
from faxhooks.providers.signalwire.relay import is_status_post
from faxhooks.providers.signalwire.signer import Signer
from faxhooks.providers.signalwire.splits import (
    body_continues_url,
    fields_are_ambiguous,
    query_holds_form,
)

SHA1: Final = "x-signalwire-signature"
SHA1_ALIAS: Final = "x-twilio-signature"
SHA256: Final = "x-signalwire-sha256-signature"
SHA256_ALIAS: Final = "x-twilio-sha256-signature"
SIGNATURES: Final = (SHA1, SHA1_ALIAS, SHA256, SHA256_ALIAS)
MAX_SIGNATURE: Final = 256


def authenticate(callback: Callback, keys: Sequence[str], *, unsigned_json: bool) -> Evidence:
    """How sure we may be that SignalWire sent this. Raises AuthenticityError, also for a
    request that no signature could have been made for.
    """
    try:
        return _authenticate(callback, keys, unsigned_json)
    except (UnreadableError, ValueError) as fault:
        raise _malformed("the request is not one SignalWire could have signed") from fault


def _authenticate(callback: Callback, keys: Sequence[str], unsigned_json: bool) -> Evidence:
    _check_target(callback.target)
    if callback.method == "GET":
        _check_query(callback, Signer.of(callback, keys))
    elif callback.method != "POST":
        raise _malformed("SignalWire posts or gets")
    elif callback.is_form:
        _check_form(callback, Signer.of(callback, keys))
    elif unsigned_json and _claims_nothing(callback) and is_status_post(callback.body):
        return Evidence.UNSIGNED
    else:
        _check_json(callback, Signer.of(callback, keys))
    return Evidence.SIGNED


def _check_query(callback: Callback, signer: Signer) -> None:
    """A GET signs its URL as it is, query and all."""
    claimed = _sha1(callback)
    if callback.body:
        raise _malformed("a body under the signature of a URL")
    if not signer.made(claimed, "sha1", b64encode):
        raise _mismatch()
    if query_holds_form(callback.target):
        raise _ambiguous()


def _check_form(callback: Callback, signer: Signer) -> None:
    """A form signs its URL and its decoded fields by name.

    A form without fields would be signed like its bare URL, so it is refused. Some receivers
    report SHA-256 headers on forms as well, of a construction nobody documents: ignored.
    """
    claimed = _sha1(callback)
    if not callback.fields:
        raise _malformed("a form without fields")
    if not any(signer.made(claimed, "sha1", b64encode, tail) for tail in _tails(callback.fields)):
        raise _mismatch()
    if fields_are_ambiguous(callback.target, callback.fields):
        raise _ambiguous()


def _check_json(callback: Callback, signer: Signer) -> None:
    """JSON signs its URL and its raw body, in hex; or its URL alone when that holds the body's
    own hash. Every signature that is there must be right: a wrong SHA-256 must not be saved by
    a SHA-1.
    """
    strong, weak = _header(callback, SHA256), _sha1_if_any(callback)
    if strong is None and weak is None:
        raise _missing()
    if not callback.body:
        raise _malformed("a post without a body")
    if strong is None and _is_signed_by_hash(callback, signer):
        return
    for claimed, name in ((weak, "sha1"), (strong, "sha256")):
        if claimed is not None and not signer.made(claimed, name, _hex, callback.body):
            raise _mismatch()
    if body_continues_url(callback.target, callback.body):
        raise _ambiguous()


def _check_target(target: str) -> None:
    """A target begins with a slash, or it would change the host; a brace can only be the
    beginning of a JSON body that somebody moved into the URL.
    """
    if not target.startswith("/") or "{" in target:
        raise _malformed("the path or query is not one SignalWire calls")


def _tails(fields: Sequence[tuple[str, str]]) -> list[bytes]:
    """Names and values in every documented order: where a name is repeated the vendor's
    packages differ, some sort its values and some leave them as they were sent.
    """
    by_value = sorted(fields)
    as_sent = sorted(fields, key=itemgetter(0))
    orders = (by_value,) if by_value == as_sent else (by_value, as_sent)
    return ["".join(chain.from_iterable(order)).encode() for order in orders]


def _is_signed_by_hash(callback: Callback, signer: Signer) -> bool:
    """The other way for JSON: the signed URL holds `bodySHA256`, the hash of the body."""
    expected = sha256(callback.body).hexdigest()
    in_url = parse_qs(callback.query).get("bodySHA256") == [expected]
    return in_url and signer.made(_sha1(callback), "sha1", b64encode)


def _hex(digest: bytes) -> bytes:
    return digest.hex().encode()


def _claims_nothing(callback: Callback) -> bool:
    return not any(name in callback.headers for name in SIGNATURES)


def _sha1_if_any(callback: Callback) -> bytes | None:
    """Official packages accept the alias too, and some receivers report that it is sent."""
    return _header(callback, SHA1 if SHA1 in callback.headers else SHA1_ALIAS)


def _sha1(callback: Callback) -> bytes:
    claimed = _sha1_if_any(callback)
    if claimed is None:
        raise _missing()
    return claimed


def _header(callback: Callback, name: str) -> bytes | None:
    value = callback.headers.get(name)
    if value is None:
        return None
    if len(value) > MAX_SIGNATURE or not value.isascii():
        raise _malformed("the signature is too long or not ASCII")
    return value.encode("ascii")


def _missing() -> AuthenticityError:
    return AuthenticityError("missing", "the request carries no signature")


def _malformed(message: str) -> AuthenticityError:
    return AuthenticityError("malformed", message)


def _mismatch() -> AuthenticityError:
    return AuthenticityError(
        "mismatch", "no signing key of the account made this signature for this URL"
    )


def _ambiguous() -> AuthenticityError:
    return AuthenticityError("ambiguous", "the signature fits, but was made for other fields")
