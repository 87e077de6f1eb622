# SPDX-License-Identifier: Apache-2.0
"""Reading bodies and queries the way axum's extractors do: a plain-text 4xx before the handler runs."""

import json
import uuid

from aiohttp import web

from .replies import BadBody


async def json_body(request: web.Request, *required: str) -> dict:
    if request.content_type != "application/json":
        raise BadBody(415, "Expected request with `Content-Type: application/json`")
    try:
        document = json.loads(await request.read())
    except ValueError as error:
        raise BadBody(400, f"Failed to parse the request body as JSON: {error}") from error
    if not isinstance(document, dict):
        raise BadBody(422, "Failed to deserialize the JSON body into the target type: expected a map")
    for name in required:
        if document.get(name) is None:
            raise BadBody(422, f"Failed to deserialize the JSON body into the target type: missing field `{name}`")
    if "key_id" in required:
        document["key_id"] = _uuid(document["key_id"], 422, "the JSON body into the target type")
    return document


def key_id_of(request: web.Request) -> str:
    if "key_id" not in request.query:
        raise BadBody(400, "Failed to deserialize query string: missing field `key_id`")
    return _uuid(request.query["key_id"], 400, "query string")


def _uuid(text: str, status: int, place: str) -> str:
    try:
        return str(uuid.UUID(text))
    except (ValueError, AttributeError, TypeError) as error:
        raise BadBody(status, f"Failed to deserialize {place}: UUID parsing failed") from error
