"""Which requests the page answers, and how much a request may cost before it is known what it is.

The page listens on 127.0.0.1, but every web site that is open in a browser on this machine can send requests there:
under a name of its own that points here (DNS rebinding), or as a picture or a fetch inside its pages. Such requests are
told by Host, Origin and Sec-Fetch-Site, which a page cannot forge.
"""

from __future__ import annotations

import io
import time
from email.message import Message
from http import HTTPStatus
from socket import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer

NAMES = ("127.0.0.1", "localhost")
MAX_CLIENTS = 24  # a browser window takes two, and up to four more while it loads
MAX_REQUEST_BYTES = 16 << 10
REQUEST_S = 5.0
ANSWER_S = 10.0
SAFE_HEADERS = (
    ("Cache-Control", "no-store"), ("Connection", "close"), ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy",
     "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    ("Cross-Origin-Resource-Policy", "same-origin"), ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"))


class RequestTooLargeError(Exception):
    """More bytes than any request to this page has."""


def refusal(target: str, headers: Message) -> HTTPStatus | None:
    """Why a GET is not answered; None when it is.

    The port in Host is not looked at: it may have been forwarded (ssh -L).
    """
    hosts = headers.get_all("Host") or []
    if len(hosts) != 1 or not _is_here(hosts[0]):
        return HTTPStatus.FORBIDDEN
    if any(origin.lower() != f"http://{hosts[0].lower()}" for origin in headers.get_all("Origin") or []):
        return HTTPStatus.FORBIDDEN
    # A link to the page may stand anywhere; its parts and streams are for the page alone.
    linked = headers.get("Sec-Fetch-Mode") == "navigate" and headers.get("Sec-Fetch-Dest") == "document"
    if headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none") and not linked:
        return HTTPStatus.FORBIDDEN
    if "Transfer-Encoding" in headers or (headers.get("Content-Length") or "0") != "0":
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    return None if target.startswith("/") else HTTPStatus.BAD_REQUEST


def _is_here(host: str) -> bool:
    name, colon, port = host.lower().partition(":")
    return name in NAMES and (not colon or (port.isascii() and port.isdigit()))


class BoundedReader(io.RawIOBase):
    """Reads one request from a connection: so many bytes, so many seconds in all, not for each of its pieces."""

    def __init__(self, connection: socket) -> None:
        self._connection = connection
        self._left = MAX_REQUEST_BYTES
        self._until_s = time.monotonic() + REQUEST_S

    @classmethod
    def buffered(cls, connection: socket) -> io.BufferedReader:
        """As a handler wants it."""
        return io.BufferedReader(cls(connection))

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Buffer) -> int:
        """Raises RequestTooLargeError, or TimeoutError when the request is not complete in time."""
        if self._left <= 0:
            raise RequestTooLargeError
        wait_s = self._until_s - time.monotonic()
        if wait_s <= 0.0:
            raise TimeoutError
        self._connection.settimeout(wait_s)
        with memoryview(buffer) as view, view.cast("B")[:self._left] as part:
            got = self._connection.recv_into(part)
        self._left -= got
        return got
