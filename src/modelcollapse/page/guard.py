"""Who may ask: this computer's own page, and nobody who only knows the port."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

from modelcollapse.page import wire

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LARGEST_BODY, LARGEST_UPLOAD = 2**18, 2**22
"""Bytes of a body at most: of a recipe, and of an upload, whose line ends take two in JSON."""
UPLOAD = "/api/upload"
SLOWEST_BODY = 10.0
"""Seconds that a body may take."""
LINGER = 1.0
"""Seconds in which a body that is refused is still read: else its sender might not hear why."""
OPEN = "/api/about"
"""The one answer of the lab that needs no token: it has no more in it than the documents."""
METHODS = ("GET", "HEAD", "POST")
HEADERS = {
    "content-security-policy": "default-src 'self'; img-src 'self' blob: data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; object-src 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Guard:
    """Looks at every request before anything else does, and puts headers on every answer."""

    def __init__(self, app: App, token: str, port: int) -> None:
        """Take what is guarded, the token of this start, and the port."""
        self._app, self._token = app, token.encode()
        names = ("127.0.0.1", "localhost", "[::1]")
        self._hosts = {f"{name}:{port}" for name in names} | (set(names) if port == 80 else set())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or let through with the body in hand."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        send = _with_headers(send)
        headers = [(name.lower(), value) for name, value in scope["headers"]]
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await _answer(send, *refusal)
            return
        if scope["method"] == "POST":
            body = await _body(receive, headers, LARGEST_UPLOAD if scope["path"] == UPLOAD else LARGEST_BODY)
            if isinstance(body, tuple):
                await _answer(send, *body, receive)
                return
            receive = _replayed(body, receive)
        elif _has_body(headers):
            await _answer(send, 413, "GET takes no body.", receive)
            return
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope, headers: list[tuple[bytes, bytes]]) -> tuple[int, str] | None:
        host, origin = _values(headers, b"host"), _values(headers, b"origin")
        if len(host) != 1 or host[0].lower() not in self._hosts:
            return 403, "This page answers to this computer's own name only."
        if len(origin) > 1 or (origin and origin[0].lower() not in {f"http://{one}" for one in self._hosts}):
            return 403, "Another page has no say here."
        if scope["method"] not in METHODS:
            return 405, "Only GET, HEAD and POST are known here."
        path = str(scope["path"])
        asks = scope["method"] == "POST" or (path.startswith("/api/") and path != OPEN)
        if asks and not self._knows(_values(headers, b"x-token")):
            return 403, "The token is missing or of another start: open the link that the program printed."
        if scope["method"] == "POST":
            kinds = _values(headers, b"content-type")
            if len(kinds) != 1 or kinds[0].split(";")[0].strip().lower() != "application/json":
                return 403, "Only application/json is taken."
        return None

    def _knows(self, tokens: list[str]) -> bool:
        return len(tokens) == 1 and hmac.compare_digest(tokens[0].encode(), self._token)


def _values(headers: list[tuple[bytes, bytes]], name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in headers if key == name]


def _has_body(headers: list[tuple[bytes, bytes]]) -> bool:
    length, chunked = _values(headers, b"content-length"), _values(headers, b"transfer-encoding")
    return length not in ([], ["0"]) or bool(chunked)


async def _body(receive: Receive, headers: list[tuple[bytes, bytes]], most: int) -> bytes | tuple[int, str]:
    """The whole body, or why it is not taken."""
    too_large = 413, f"At most {most} bytes are taken here."
    length = _values(headers, b"content-length")
    if length and (not length[0].isdigit() or len(length[0]) > 12 or int(length[0]) > most):
        return too_large
    body = bytearray()
    try:
        async with asyncio.timeout(SLOWEST_BODY):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return 400, "The body was cut off."
                body += message.get("body", b"")
                if len(body) > most:
                    return too_large
                if not message.get("more_body"):
                    return bytes(body)
    except TimeoutError:
        return 408, "The body took too long."


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A body that was read already, then whatever comes after it."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            known = {name.lower() for name, _ in message.get("headers", [])}
            more = [(k.encode(), v.encode()) for k, v in HEADERS.items() if k.encode() not in known]
            message = {**message, "headers": [*message.get("headers", []), *more]}
        await send(message)

    return sent


async def _answer(send: Send, status: int, text: str, receive: Receive | None = None) -> None:
    """Refuse; ``receive`` is given where a body may still be on its way."""
    body = wire.dumps({"error": text, "problems": []})
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if receive is not None:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": receive is not None})
    if receive is not None:
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect" or not message.get("more_body"):
                        break
        await send({"type": "http.response.body", "body": b""})
