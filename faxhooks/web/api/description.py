"""The API's description in OpenAPI 3.1, from the schemas that read and write its JSON."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, Final

from faxhooks.providers.base import Provider
from faxhooks.web.api.examples import EXAMPLES

ABOUT: Final = """What became of every fax: its status, why, how we know, and every step to it.

Send an API key as `Authorization: Bearer fhk_…`; `faxhooks key create` makes one. Lists go on
at `next_cursor`. Times are RFC 3339 in UTC. Errors are problem documents (RFC 9457) that name
the parameter or the JSON pointer at fault and what is allowed; quote their `request_id` when
you ask for help.
"""

PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "What is wrong and what to do next (RFC 9457).",
    "required": ["type", "title", "status", "detail", "request_id"],
    "properties": {
        "type": {"type": "string", "const": "about:blank"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "request_id": {"type": ["string", "null"]},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["detail"],
                "properties": {
                    "parameter": {"type": "string"},
                    "pointer": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}

_PROBLEMS: Final[Mapping[int, str]] = {
    400: "A parameter is unknown or wrong; `errors` names it.",
    401: "The key is missing, unknown, expired or revoked.",
    403: "The key lacks the scope.",
    404: "There is no such object, or none that the key may see.",
    406: "None of the accepted media types is there.",
    409: "The object is not in a state that allows it.",
    411: "The body does not say how long it is; send `Content-Length`.",
    412: "The object has changed since; read it again.",
    413: "The body is too large.",
    415: "The body is not of the media type that is needed.",
    422: "A field of the body is wrong; `errors` points to it.",
    429: "Too many requests with this key; see `Retry-After`.",
    502: "The provider does not answer, or not as its documentation says; try again later.",
    503: "The database does not answer; see `Retry-After`.",
}
_ALWAYS: Final = (400, 401, 403, 404, 429, 503)
_WITH_BODY: Final = (409, 412, 413, 415, 422)
_METHODS: Final = ("get", "put", "post", "delete", "patch")


def describe(
    spec: Mapping[str, Any], public_url: str, providers: Mapping[str, Provider]
) -> dict[str, Any]:
    """The finished document: what all operations share is added to what each says itself."""
    document = deepcopy(dict(spec))
    document["info"] |= {"description": ABOUT, "license": {"name": "MIT", "identifier": "MIT"}}
    document["servers"] = [{"url": public_url}]
    document["security"] = [{"key": []}]
    components = document.setdefault("components", {})
    components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = PROBLEM
    for name in EXAMPLES.keys() & schemas.keys():
        schemas[name]["example"] = EXAMPLES[name]
    components["responses"] = {f"Problem{code}": _problem(code) for code in _PROBLEMS}
    for method, operation in _operations(document):
        _add_problems(method, operation["responses"])
    document["webhooks"] = {
        name: _webhook(provider) for name, provider in providers.items() if provider.has_hook
    }
    return document


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in document.get("paths", {}).values():
        for method in _METHODS:
            if method in path:
                yield method, path[method]


def _add_problems(method: str, responses: dict[str, Any]) -> None:
    """What every operation may answer, in place of the library's own words for it."""
    responses.pop("default", None)
    named = [int(code) for code in responses if code.isdigit() and int(code) in _PROBLEMS]
    always = (*_ALWAYS, *_WITH_BODY) if method != "get" else _ALWAYS
    for code in {*named, *always}:
        responses[str(code)] = {"$ref": f"#/components/responses/Problem{code}"}


def _problem(code: int) -> dict[str, Any]:
    example = {
        "type": "about:blank",
        "title": "…",
        "status": code,
        "detail": _PROBLEMS[code],
        "request_id": "5f0c1f3e9b6b4a1f8c2d7e6a5b4c3d2e",
    }
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}
    return {
        "description": _PROBLEMS[code],
        "content": {"application/problem+json": content},
    }


def _webhook(provider: Provider) -> dict[str, Any]:
    """What a provider posts to its account's hook URL."""
    content = {
        media: {"schema": {"type": "object"}, "example": dict(example)}
        for media, example in provider.samples.items()
    }
    return {
        "post": {
            "summary": f"{provider.title} says where a fax stands.",
            "description": "Posted to the hook URL of an account, which `faxhooks account show` "
            "prints; its secret part takes the place of an API key.",
            "security": [],
            "requestBody": {"required": True, "content": content},
            "responses": {
                "200": {"description": "Kept, for good; also when it came before."},
                "403": {"description": "The signature is missing or wrong; nothing was kept."},
                "404": {"description": "There is no such hook, or its account is disabled."},
                "413": {"description": "The body is over 64 kB."},
                "503": {"description": "The database does not answer; send it again."},
            },
        }
    }
