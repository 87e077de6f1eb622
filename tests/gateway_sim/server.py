# SPDX-License-Identifier: Apache-2.0
"""The HTTP surface: routes, guards, and how failures become replies. Handlers do their blocking work in threads."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

from aiohttp import web

from .accounts import Accounts
from .app import App
from .auth import Identity
from .auth_metrics import render_auth, render_process
from .completions import MODELS, Completions
from .replies import ApiError, BadBody, Refused, json_bytes
from .extractors import json_body, key_id_of

WORKERS = 16
CORS = {
    "access-control-allow-origin": "*",
    "vary": "origin, access-control-request-method, access-control-request-headers",
}


def json_reply(document, status: int = 200) -> web.Response:
    return web.Response(body=json_bytes(document), status=status, content_type="application/json")


class Server:
    def __init__(self, app: App):
        self._app = app
        self._start = time.time()
        self._accounts = Accounts(app.settings, app.database, app.counts)
        self._completions = Completions(
            app.settings, app.database, app.response_cache, app.metrics, app.log, app.counts
        )
        self._workers = ThreadPoolExecutor(WORKERS)

    def web_application(self) -> web.Application:
        application = web.Application(middlewares=[self._outermost])
        application.add_routes(
            [
                web.post("/auth/register", self._register),
                web.post("/auth/login", self._login),
                web.get("/auth/oauth/github", self._oauth),
                web.get("/auth/oauth/callback", self._oauth),
                web.get("/auth/me", self._me),
                web.post("/auth/logout", self._logout),
                web.get("/auth/keys", self._keys),
                web.post("/auth/key/generate", self._generate),
                web.get("/auth/key/info", self._info),
                web.post("/auth/key/update", self._update),
                web.post("/auth/key/delete", self._delete),
                web.post("/v1/providers/configure", self._configure_provider),
                web.post("/v1/providers/delete", self._configure_provider),
                web.get("/v1/providers", self._providers),
                web.post("/v1/chat/completions", self._chat),
                web.post("/v1/models", self._models),
                web.post("/health", self._health),
                web.get("/metrics", self._metrics),
                web.get("/stats", self._stats),
                web.get("/_sim/counts", self._sim_counts),
                web.post("/_sim/fallback", self._sim_fallback),
            ]
        )
        return application

    def abandon_workers(self) -> None:
        self._workers.shutdown(wait=False, cancel_futures=True)

    async def _in_thread(self, function, *arguments):
        return await asyncio.get_running_loop().run_in_executor(self._workers, function, *arguments)

    @web.middleware
    async def _outermost(self, request: web.Request, handler) -> web.StreamResponse:
        response = await self._reply(request, handler)
        response.headers.extend(CORS)
        if not request.path.startswith("/_sim/"):
            self._app.counts.request(f"{request.method} {request.path}", response.status)
        return response

    async def _reply(self, request: web.Request, handler) -> web.StreamResponse:
        if request.method == "OPTIONS":
            return web.Response()
        try:
            return await handler(request)
        except Refused as refusal:
            self._app.counts.add("failures", refusal.failure.reason)
            return web.Response(text=refusal.failure.text, status=refusal.failure.status)
        except ApiError as error:
            if error.reason:
                self._app.counts.add("failures", error.reason)
            return web.Response(body=error.body(), status=error.status, content_type="application/json")
        except BadBody as error:
            return web.Response(text=error.text, status=error.status)
        except web.HTTPException as error:  # 404 and 405, which axum sends without a body
            return web.Response(status=error.status, headers=_allow(error))

    async def _require_auth(self, request: web.Request) -> Identity:
        return await self._in_thread(self._app.authenticator.require_auth, request.headers.get("Authorization"))

    async def _require_jwt(self, request: web.Request) -> Identity:
        return await self._in_thread(self._app.authenticator.require_jwt, request.headers.get("Authorization"))

    async def _guard_v1(self, request: web.Request) -> None:
        if self._app.settings.require_auth:
            identity = await self._require_auth(request)
            await self._in_thread(self._app.enforce_rate_limit, identity)

    async def _register(self, request: web.Request) -> web.Response:
        body = await json_body(request, "email", "password")
        return json_reply(await self._in_thread(self._accounts.register, body))

    async def _login(self, request: web.Request) -> web.Response:
        body = await json_body(request, "email", "password")
        return json_reply(await self._in_thread(self._accounts.login, body))

    async def _oauth(self, request: web.Request) -> web.Response:
        raise ApiError(400, "BadRequest", "GitHub OAuth not configured")

    async def _me(self, request: web.Request) -> web.Response:
        return json_reply(await self._in_thread(self._accounts.me, await self._require_jwt(request)))

    async def _logout(self, request: web.Request) -> web.Response:
        await self._in_thread(self._accounts.logout, await self._require_jwt(request))
        return web.Response()

    async def _keys(self, request: web.Request) -> web.Response:
        return json_reply(await self._in_thread(self._accounts.keys_of, await self._require_jwt(request)))

    async def _generate(self, request: web.Request) -> web.Response:
        identity = await self._require_auth(request)
        return json_reply(await self._in_thread(self._accounts.generate, identity, await json_body(request)))

    async def _info(self, request: web.Request) -> web.Response:
        await self._require_auth(request)
        return json_reply(await self._in_thread(self._accounts.info, key_id_of(request)))

    async def _update(self, request: web.Request) -> web.Response:
        identity = await self._require_auth(request)
        body = await json_body(request, "key_id")
        return json_reply(await self._in_thread(self._accounts.update, identity, body))

    async def _delete(self, request: web.Request) -> web.Response:
        identity = await self._require_auth(request)
        await self._in_thread(self._accounts.delete, identity, key_id_of(request))
        return web.Response()

    async def _configure_provider(self, request: web.Request) -> web.Response:
        await self._require_auth(request)
        return json_reply({"success": True})

    async def _providers(self, request: web.Request) -> web.Response:
        return json_reply({"object": "list", "data": [{"id": provider} for provider in sorted(set(MODELS.values()))]})

    async def _chat(self, request: web.Request) -> web.Response:
        await self._guard_v1(request)
        body = await json_body(request, "model", "messages")
        if body.get("stream"):
            events = await self._in_thread(self._completions.stream, body)
            return web.Response(body=events, content_type="text/event-stream")
        return json_reply(await self._in_thread(self._completions.complete, body))

    async def _models(self, request: web.Request) -> web.Response:
        await self._guard_v1(request)
        models = [{"id": model, "object": "model", "owned_by": "inferxgate", "permission": []} for model in MODELS]
        return json_reply({"data": models, "object": "list"})

    async def _health(self, request: web.Request) -> web.Response:
        return json_reply({"status": "healthy", "timestamp": datetime.now(timezone.utc).isoformat()})

    async def _metrics(self, request: web.Request) -> web.Response:
        settings = self._app.settings
        auth = render_auth(self._app.counts.snapshot()) if settings.auth_metrics else ""
        process = render_process(self._start) if settings.process_metrics else ""
        return web.Response(text=auth + self._app.metrics.render() + process)

    async def _stats(self, request: web.Request) -> web.Response:
        app = self._app
        enabled = {"cache_enabled": app.response_cache, "database_enabled": app.database}
        return json_reply({name: part is not None for name, part in enabled.items()})

    async def _sim_counts(self, request: web.Request) -> web.Response:
        return json_reply(self._app.counts.snapshot())

    async def _sim_fallback(self, request: web.Request) -> web.Response:
        """Not in any real gateway: stands for the release that removes the fallback."""
        if not self._app.settings.has_fallback:
            return web.Response(text="this gateway has no fallback", status=409)
        body = await json_body(request, "enabled")
        self._app.authenticator.fallback_enabled = bool(body["enabled"])
        return json_reply({"enabled": self._app.authenticator.fallback_enabled})


def _allow(error: web.HTTPException) -> dict:
    return {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
