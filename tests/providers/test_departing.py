"""What is known of a request that got no answer: that nothing was done, or nothing at all."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from faxhooks.providers.asking import AwayError, StrangeAnswerError
from faxhooks.providers.calling import Caller, Patience
from tests.providers.wire import PATIENCE, answering, http, told
from tests.simulator.receivers import nobody

QUICK = Patience(connect=2.0, read=0.4, total=1.0)


def post(origin: str, body: bytes = b"x") -> None:
    caller = Caller("Acme", origin, patience=QUICK)
    try:
        caller.call("POST", "/faxes", {}, body=body)
    finally:
        caller.close()


@contextmanager
def listening(do: Callable[[socket.socket], object]) -> Iterator[str]:
    """A server that takes one connection and does that with it; its host and port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)

        def work() -> None:
            connection, _ = listener.accept()
            connection.settimeout(PATIENCE)
            with connection:
                do(connection)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            thread.join()


def until_closed(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def refuse(connection: socket.socket) -> None:
    """No handshake: an answer in plain text to the greeting."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_nobody_there_means_that_nothing_was_done() -> None:
    with pytest.raises(AwayError) as caught:
        post(nobody())
    assert not caught.value.maybe_done


@pytest.mark.parametrize("do", [refuse, until_closed, socket.socket.close])
def test_a_handshake_that_fails_or_hangs_means_that_nothing_was_done(
    do: Callable[[socket.socket], object],
) -> None:
    with listening(do) as place, pytest.raises(AwayError) as caught:
        post(f"https://{place}")
    assert not caught.value.maybe_done


@pytest.mark.parametrize("body", [b"x", b"x" * 10_000_000])
@pytest.mark.parametrize("do", [until_closed, lambda each: each.recv(1), socket.socket.close])
def test_once_a_byte_has_left_nobody_knows(
    do: Callable[[socket.socket], object], body: bytes
) -> None:
    with listening(do) as place, pytest.raises(AwayError) as caught:
        post(f"http://{place}", body)
    assert caught.value.maybe_done


def test_what_is_known_of_one_request_says_nothing_of_the_next() -> None:
    with answering([0.6]) as wire, pytest.raises(AwayError) as caught:
        post(wire.origin)
    assert caught.value.maybe_done
    with pytest.raises(AwayError) as caught:
        post(nobody())
    assert not caught.value.maybe_done


def test_a_kept_connection_that_was_closed_meanwhile_is_made_anew() -> None:
    kept = told({}).replace(b"Connection: close\r\n", b"")
    with answering(kept) as wire:
        caller = Caller("Acme", wire.origin, patience=QUICK)
        caller.call("POST", "/faxes", {}, body=b"x")
        caller.call("POST", "/faxes", {}, body=b"x")
        caller.close()
    assert len(wire.requests) == 2


@pytest.mark.parametrize("status", ["301 Moved", "303 See Other", "308 Permanent Redirect"])
def test_a_redirect_tells_nothing_about_what_was_done_before(status: str) -> None:
    with answering(http(b"", status, Location="/x")) as wire:
        with pytest.raises(StrangeAnswerError) as caught:
            post(wire.origin)
        assert caught.value.maybe_done


def test_a_target_leaves_as_it_was_given_since_it_may_be_signed() -> None:
    target = "/b/a%7Eb%2fc?X-Amz-Credential=AK%2F2026&X-Amz-Signature=0f~-_.&y=a+b%20c*@"
    with answering(told({})) as wire:
        Caller("Acme", wire.origin, patience=QUICK).call("PUT", target, {}, body=b"\0\xff")
    (head, body) = wire.requests[0]
    assert head.splitlines()[0].lower() == f"put {target} http/1.1".lower()
    assert "%7e" in head.lower()
    assert body == b"\0\xff"
    assert wire.header("Content-Type") is None
    assert wire.header("Content-Length") == "2"
