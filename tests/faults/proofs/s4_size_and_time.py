"""S4: what is too large is refused, what is cut is not believed, who is slow holds nobody up."""

import os
import time
from collections.abc import Iterator
from typing import Any, Final

import requests

from tests.faults.proof import SQLITE, Finding, Proof, Trial
from tests.faults.serving import serving
from tests.faults.sockets import CUT, SlowCrowd, chunked, exchange, head, sized
from tests.running.gunicorns import Running
from tests.story import Api, Hook, target

LIMIT: Final = 64 * 1024
TEN_MB: Final = 10 * 1024 * 1024
FIELDS: Final = b"a=&" * 100_000
FORM: Final = "application/x-www-form-urlencoded"
FAX: Final = b'{"hook":{"id":"%b","event":"fax_sent"},"data":{"id":"%b","status":"success"}}'
LONGEST: Final = 2.0
"""Seconds within which others are answered, on a machine that does much else."""


def prove(trial: Trial) -> Finding:
    """`n` is how many slow clients there are."""
    finding = Finding()
    with trial.broken():
        arguments = os.environ.get("GUNICORN_CMD_ARGS", "")
    with serving(trial, GUNICORN_CMD_ARGS=arguments) as (served, hook, api):
        _sizes(finding, served, hook)
        _check_kept(finding, api, {"sized", "chunked"})
        _slow(finding, served, hook, trial.n)
        _check_kept(finding, api, {"sized", "chunked", "meanwhile"})
        quiet = "Traceback" not in served.output.read_text()
        finding.expect(quiet, "the log tells of no fault of ours")
    return finding


def _sizes(finding: Finding, served: Running, hook: Hook) -> None:
    """What is answered to each size, with a length and without, and to bytes that are cut."""
    asked = 0
    for name, request, right in (*_large(hook), *_cut(hook)):
        answer = exchange(served.port, request)
        asked += 1
        finding.expect(answer in right, f"{name} is answered {right}, not {answer}")
    finding.figures["sizes"] = asked


def _large(hook: Hook) -> Iterator[tuple[str, bytes, tuple[Any, ...]]]:
    """At the limit and one over; and far over, where a reset may swallow the answer."""
    for account in (hook.signalwire_account, hook.faxplus_account):
        path, name = target(account.hook_url), account.provider
        for write in (sized, chunked):
            how = f"{name} {write.__name__}"
            yield f"{how} one over", write(path, b"x" * (LIMIT + 1)), (413,)
            yield f"{how} 10 MB", write(path, b"x" * TEN_MB), (413, CUT)
            yield f"{how} 100,000 fields", write(path, FIELDS, kind=FORM), (413, CUT)
            many = write(path, b"a&" * (LIMIT // 2), kind=FORM)
            yield f"{how} 32,768 fields", many, (403 if name == "signalwire" else 200,)
        yield f"{name} 10 MB announced", sized(path, b"x", TEN_MB), (413,)
        in_one = chunked(path, b"x" * TEN_MB, size=TEN_MB)
        yield f"{name} 10 MB in one chunk", in_one, (413, CUT)
    path = target(hook.faxplus_account.hook_url)
    for write in (sized, chunked):
        name = write.__name__
        full = (FAX % (name.encode(), name.encode())).ljust(LIMIT)
        yield f"{name} at the limit", write(path, full), (200,)


def _cut(hook: Hook) -> Iterator[tuple[str, bytes, tuple[Any, ...]]]:
    """A good webhook and the half of it, in requests that promise more."""
    path, body = target(hook.faxplus_account.hook_url), FAX % (b"cut", b"cut")
    refused = (400,)
    for said in (body, body[:40]):
        yield "a short body", sized(path, said, len(said) + 1), refused
        yield "no last chunk", chunked(path, said, ended=False), refused
        yield "half a chunk", chunked(path, said)[:-12], refused
    yield "a chunk of no size", head(path, "Transfer-Encoding: chunked") + b"x\r\n" + body, refused


def _slow(finding: Finding, served: Running, hook: Hook, clients: int) -> None:
    """The health check and a provider, while others send a byte at a time."""
    path = target(hook.faxplus_account.hook_url)
    request = sized(path, (FAX % (b"slow", b"slow")).ljust(4000))
    turns = 10
    within_head = SlowCrowd(served.port, [request] * (clients // 2), already=20)
    within_body = SlowCrowd(
        served.port, [request] * (clients - clients // 2), already=request.index(b"\r\n\r\n") + 30
    )
    seconds = [0.0]
    with within_head, within_body:
        for _ in range(turns):
            within_head.turn()
            within_body.turn()
            seconds += [_health(served.port) for _ in range(3) if max(seconds) < LONGEST]
            time.sleep(0.05)
        answer = _post(hook) if max(seconds) < LONGEST else "not asked any more"
    probes = sorted(seconds[1:])
    finding.figures |= {
        "slow_clients": clients,
        "probes": len(probes),
        "probe_p50_ms": round(probes[len(probes) // 2] * 1000, 1),
        "probe_longest_ms": round(probes[-1] * 1000, 1),
    }
    finding.expect(probes[-1] < LONGEST, f"health answers within {LONGEST} s, not {probes[-1]:.1f}")
    finding.expect(answer == 200, f"a provider is answered 200 meanwhile, not {answer}")


def _health(port: int) -> float:
    """The seconds it took; as many as it may take at most when there was no answer."""
    began = time.perf_counter()
    try:
        answer = requests.get(f"http://127.0.0.1:{port}/healthz", timeout=LONGEST)
    except requests.RequestException:
        return LONGEST
    return time.perf_counter() - began if answer.status_code == 200 else LONGEST


def _post(hook: Hook) -> int | str:
    try:
        status: int = hook.faxplus("meanwhile", "success").status_code
    except requests.RequestException as error:
        return type(error).__name__
    return status


def _check_kept(finding: Finding, api: Api, right: set[str]) -> None:
    """Nothing was made of bytes that were cut."""
    try:
        kept = {fax["provider_fax_id"] for fax in api.faxes()}
    except requests.RequestException:
        kept = set()
    finding.expect(kept == right, f"the faxes are {right}, not {kept}")


PROOF: Final = Proof(
    id="S4",
    promise="what is too large is refused, what is cut is not believed, who is slow holds nobody",
    prove=prove,
    small=40,
    full=200,
    broken=60,
    variants=("bodies_cut_at_the_limit", "cut_bodies_believed", "a_handful_of_threads"),
    databases=(SQLITE,),
)
