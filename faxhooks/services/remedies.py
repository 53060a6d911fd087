"""What to do about a refused request, from the facts that were found out about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

_ADDRESS: Final = ("scheme", "host", "port")
_TRANSPORT: Final[Mapping[str, tuple[str, str]]] = {
    "slash": (
        "a slash at the end of the path",
        "Turn off what adds or removes slashes in the proxy; a redirect does it too.",
    ),
    "escapes": (
        "how the address is escaped",
        "Let the proxy pass the address on as it came, without decoding it.",
    ),
    "query": ("the query", "Let the proxy add no parameters to the address."),
    "path": (
        "the path",
        "Have the provider call the hook URL as it stands here; the proxy must not move it.",
    ),
    "content_type": ("the content type", "Let the proxy pass headers on unchanged."),
    "plus_lost": (
        "a plus sign that became a blank",
        "Something decodes the body twice; let it pass the body on unchanged.",
    ),
    "line_ends": ("line ends in the body", "Let the proxy pass the body on unchanged."),
    "body_ends": ("the end of the body", "Let the proxy pass the body on unchanged."),
    "body_rewritten": (
        "the body, which was written anew",
        "A proxy or firewall parses the body; let it pass the bytes on unchanged.",
    ),
}
_KEYS: Final = "on the account's page"
_WORDS: Final = {"scheme": "the scheme", "host": "the host", "port": "the port"}


@dataclass(frozen=True, slots=True)
class Remedy:
    """What is wrong, in a sentence, why we think so, and what to do."""

    title: str
    text: str
    steps: Sequence[str] = ()

    @property
    def is_of_keys(self) -> bool:
        """Whether a step sends to the account's keys."""
        return any(_KEYS in step for step in self.steps)


def find_remedy(facts: Mapping[str, Any], *, title: str, labels: Mapping[str, str]) -> Remedy:
    """For the facts of `diagnosing`; `title` is the provider's, `labels` those of the accounts
    that whoever reads this may see, by their ids.
    """
    cause, finding = facts.get("cause"), facts.get("finding")
    if finding is not None and finding["changes"]:
        return _changed(facts, finding, title, labels)
    if finding is not None and finding["key"]["kind"] != "own":
        return _other_key(finding["key"], title, labels)
    if cause == "missing":
        return _missing(title)
    if cause == "ambiguous":
        return Remedy(
            "The signature is right, but was made for other fields",
            "A parameter is missing that can only have been moved into its neighbour. Nothing "
            "of it was believed.",
            ("Send a fax and look whether it comes again; if it does, please report it.",),
        )
    if cause == "malformed":
        return Remedy(
            f"{title} does not send such a request",
            "It is not one that a signature is made for: its method, its content type or its "
            "signature has a form that is not documented.",
            (
                "Look whether the proxy changes the method or the headers, or whether it was "
                "somebody trying.",
            ),
        )
    return _no_key(facts, title)


def _changed(
    facts: Mapping[str, Any], finding: Mapping[str, Any], title: str, labels: Mapping[str, str]
) -> Remedy:
    """The signature is right for the request as it was before something changed."""
    changes = finding["changes"]
    moved = [change for change in changes if change in _ADDRESS]
    steps = [_TRANSPORT[change][1] for change in changes if change in _TRANSPORT]
    names = [_WORDS.get(change) or _TRANSPORT[change][0] for change in changes]
    if moved:
        ours = f"{facts['expected_scheme']}://{facts['expected_host']}"
        steps[:0] = _addressed(ours, finding["origin"], title)
    if finding["key"]["kind"] != "own":
        steps.append(_other_key(finding["key"], title, labels).title + ".")
    if moved == changes:
        said = (
            f"The signature is right for {finding['origin']}, which is what {title} was told to "
            "call. PUBLIC_URL says otherwise, and signatures are checked against that."
        )
    else:
        said = f"The signature is right for {finding['url']} as {title} sent it. "
        said += "Something on the way changed it."
    return Remedy(
        f"The signature fits, but for {_joined(names)}", said, tuple(dict.fromkeys(steps))
    )


def _addressed(ours: str, theirs: str, title: str) -> list[str]:
    """What to do where the provider calls another origin than ours; never without encryption,
    since a fax's numbers are in each request.
    """
    register = f"register the hook URL at {title} exactly as it stands on this page, "
    register += f"beginning with {ours}."
    if theirs.startswith("http://") and ours.startswith("https://"):
        return [f"{register[:1].upper()}{register[1:]}"]
    change = f"set PUBLIC_URL={theirs} and start faxhooks again."
    return [f"Either {register}", f"Or, if providers are to call {theirs}, {change}"]


def _other_key(key: Mapping[str, str], title: str, labels: Mapping[str, str]) -> Remedy:
    if key["kind"] == "secret":
        return Remedy(
            f"It is signed with this account's {key['name']}",
            "The value was found among the account's own secrets, but not where it belongs.",
            (f"Enter the {key['name']} as the key that callbacks are checked with, {_KEYS}.",),
        )
    label = labels.get(key["name"], "another account")
    return Remedy(
        f"It is signed with the key of {label}",
        "The signature is right for this address, but another account's key made it.",
        (
            f"Register this hook URL in the {title} project of this account, and that of {label} "
            "in its own.",
            f"If the keys of the two are mixed up here, enter the right one {_KEYS}.",
        ),
    )


def _missing(title: str) -> Remedy:
    return Remedy(
        "There is no signature",
        f"No header of the request is one in which {title} signs. Which headers came stands below.",
        (
            f"If {title} sent it, something on the way takes headers away: let the proxy pass all "
            "of them on.",
            "If you tried it yourself, with a browser or curl, that is what to expect.",
        ),
    )


def _no_key(facts: Mapping[str, Any], title: str) -> Remedy:
    steps = [
        f"Copy the key from {title}'s dashboard once more, whole and without blanks, and enter it "
        f"{_KEYS}.",
        f"Check that what was registered at {title} is the hook URL as it stands on this page.",
    ]
    hosts = [host for host in facts.get("hosts", ()) if host != facts.get("expected_host")]
    if hosts:
        steps.append(
            f"The request came for {hosts[0]}; if {title} was told another host than "
            f"{facts.get('expected_host')}, register the hook URL anew."
        )
    steps.append(
        "If the key and the hook URL are right, something on the way changes the path or the "
        "body, and no header tells of it: let it pass both on as they came."
    )
    return Remedy(
        "No key that we know made this signature",
        "Every key of the account was tried with every likely address and body, and those of the "
        "other accounts too.",
        tuple(steps),
    )


def _joined(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
