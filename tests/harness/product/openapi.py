# SPDX-License-Identifier: Apache-2.0
"""Holds answers of the API against the document by which it describes itself (OpenAPI 3.1, JSON Schema 2020-12)."""

import json
from functools import cache
from typing import Any

import jsonschema
import requests

from harness.product.keyshift import Serve


@cache
def _validator(schema: str) -> Any:
    return jsonschema.Draft202012Validator(json.loads(schema), format_checker=jsonschema.FormatChecker())


def get(serve: Serve, target: str, *, path: str = "", **options: Any) -> requests.Response:
    """GET `target`; its status and its document must be among those that are described for `path`, which is that of
    the target unless it has parameters in it."""
    answer = serve.get(target, **options)
    check(serve, path or target.partition("?")[0], answer)
    return answer


def check(serve: Serve, path: str, answer: requests.Response) -> None:
    document = serve.get("/api/v1/openapi.json")
    if document.status_code != 200:
        return
    described = document.json()
    if answer.status_code in (400, 405, 431) and not answer.headers.get("Content-Type", "").startswith("application/"):
        return  # refused before it was a request for anything
    answers = described["paths"][path]["get"]["responses"]
    assert str(answer.status_code) in answers, f"{path} does not describe {answer.status_code}: {answer.text[:200]}"
    if answer.status_code == 304:
        return
    content = answers[str(answer.status_code)]["content"]
    media = answer.headers["Content-Type"].partition(";")[0]
    assert media in content, f"{path} does not describe {media}"
    if media == "text/csv":
        return
    schema = {**content[media]["schema"], "components": described["components"]}
    _validator(json.dumps(schema, sort_keys=True)).validate(answer.json())
