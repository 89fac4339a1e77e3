"""HTTP as far as a server that cannot be trusted may go."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator

import httpx2

MOST_BYTES = 16 << 20  # of one response; a streamed answer of 50,000 tokens


class TooMuch(httpx2.ReadError):
    """A response that is not read to its end."""


class BoundedTransport(httpx2.AsyncBaseTransport):
    """Direct connections, no proxy; a response that is compressed or larger than ``most`` bytes ends with TooMuch."""

    def __init__(self, most: int = MOST_BYTES):
        self._inner = httpx2.AsyncHTTPTransport(verify=ssl.create_default_context(), trust_env=False)
        self._most = most

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.headers["accept-encoding"] = "identity"
        response = await self._inner.handle_async_request(request)
        if response.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            await response.aclose()
            raise TooMuch("the server compresses its answer, which it was asked not to do", request=request)
        response.stream = _Counted(response.stream, self._most, request)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Counted(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream, most: int, request: httpx2.Request):
        self._stream = stream
        self._left = most
        self._most = most
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            self._left -= len(chunk)
            if self._left < 0:
                raise TooMuch(f"the server's answer has more than {self._most} bytes", request=self._request)
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()
