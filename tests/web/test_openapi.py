"""The API's description is valid, complete, and what the API does."""

import json
import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from faxhooks.services.keys import SCOPES, create_key
from tests.story import Service

METHODS = {"get", "put", "post", "patch", "delete"}
EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "12"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    ignored_auth,
    negative_data_rejection,
]


@pytest.fixture
def document(service: Service) -> dict[str, Any]:
    answer = service.app.test_client().get("/api/v1/openapi.json")
    found: dict[str, Any] = json.loads(answer.text)
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS & set(item):
            yield path, method, item[method]


def test_it_is_valid_and_of_version_3_1(document: dict[str, Any]) -> None:
    validate(document)
    assert document["openapi"].startswith("3.1")
    assert document["servers"] == [{"url": "https://hooks.example.com"}]


def test_every_route_of_the_api_is_described(service: Service, document: dict[str, Any]) -> None:
    public = {"/api/v1/openapi.json", "/api/v1/docs"}
    routes = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in service.app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/") and rule.rule not in public
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert {(path, method) for path, method, _ in operations(document)} == routes


def test_every_operation_and_parameter_says_what_it_is_for(document: dict[str, Any]) -> None:
    assert document["security"] == [{"key": []}]
    for path, method, operation in operations(document):
        where = f"{method} {path}"
        assert operation.get("summary"), where
        for parameter in operation.get("parameters", []):
            assert "$ref" in parameter or parameter.get("description"), (where, parameter)
        for code in ("401", "403", "429", "503"):
            assert code in operation["responses"], where
        shown = [code for code in operation["responses"] if code.startswith("2")]
        assert shown, where
        for code in shown:
            assert operation["responses"][code].get("content") or code == "204", where


def test_a_body_that_may_be_a_form_has_to_say_how_long_it_is(document: dict[str, Any]) -> None:
    (where,) = (
        path
        for path, _, operation in operations(document)
        if "multipart/form-data" in operation.get("requestBody", {}).get("content", {})
    )
    assert "411" in document["paths"][where]["post"]["responses"]


def test_every_example_of_the_document_fits_its_schema(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    shown = {name: schema["example"] for name, schema in schemas.items() if "example" in schema}
    assert {"Fax", "Entry", "Change"} <= set(shown)
    for name, example in shown.items():
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        OAS31Validator(schema).validate(example)
        required = set(schemas[name]["properties"]) - {"history"}
        assert required <= set(example), (name, required - set(example))


def test_providers_callbacks_are_described_as_webhooks(document: dict[str, Any]) -> None:
    assert set(document["webhooks"]) == {"signalwire", "faxplus"}
    for webhook in document["webhooks"].values():
        for content in webhook["post"]["requestBody"]["content"].values():
            assert content["example"]


def test_its_page_is_made_of_our_own_files_under_a_strict_policy(service: Service) -> None:
    client = service.app.test_client()
    page = client.get("/api/v1/docs")
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "default-src 'none'" in policy
    assert "<script>" not in page.text
    assert "http://" not in page.text
    assert "https://" not in page.text
    for line in page.text.split('"'):
        if line.startswith("/"):
            with client.get(line) as found:
                assert found.status_code == 200, line


def test_the_api_does_what_its_description_says(service: Service) -> None:
    """Generated requests, good and bad, to every operation: none is answered otherwise."""
    for word in ("queued", "busy"):
        service.hook.signalwire(FaxSid="f1", FaxStatus=word, To="+13105550100")
    service.hook.faxplus("a", "teleported")
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", service.app)
    headers = {"Authorization": f"Bearer {_key(service)}"}
    tried = 0
    for found in schema.get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def check(case: Any) -> None:
            case.call_and_validate(headers=headers, checks=CHECKS)

        if operation.path.endswith("/stream"):
            continue  # It has no end; its tests are those of the feed.
        check()
        tried += 1
    assert tried >= 3


def _key(service: Service) -> str:
    _, key = service.parts.database.write(lambda s: create_key(s, "all", list(SCOPES)))
    return key
