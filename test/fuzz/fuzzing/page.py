"""Requests to the page of the dashboard, as bytes on its port."""

from __future__ import annotations

import random
import socket
import sys
from pathlib import Path
from typing import Any

from automot_ros.nodes.page_server import Feed, PageServer
from fuzzing.mutate import any_text, damaged
from fuzzing.subject import Case, FindingError, Refusal, Subject

PORT = 18_900
LONGEST_S = 10.0
PARTS = (b"/", b"/dashboard.js", b"/dashboard.css", b"/events", b"/camera", b"/..", b"//", b"/%00", b"*", b"http://x/",
         b"/" * 9000)
HEADS = (b"Host: evil", b"Origin: null", b"Content-Length: -1", b"Content-Length: 99999999999", b": ",
         b"Host: localhost", b"Transfer-Encoding: chunked", b"Connection: keep-alive", b"Expect: 100-continue",
         b"X: " + b"y" * 20_000, b"Sec-Fetch-Site: cross-site", b" folded")


class Page(Subject):
    """The server in this process; its streams have ended, so that every answer does."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._feed = Feed()
        self._feed.closed = True
        self._page = PageServer(self._feed, PORT)
        self._errors: list[BaseException | None] = []
        self._page._server.handle_error = self._unexpected  # type: ignore[method-assign]

    def good(self) -> Case:
        """The page itself."""
        return {"request": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"}

    def draw(self, rng: random.Random) -> Case:
        """Another part, other headers, other bytes."""
        method = rng.choice((b"GET", b"GET", b"GET", b"POST", b"", b"G" * 70_000, b"__class__"))
        version = rng.choice((b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/0.9", b"HTTP/9.9", b"HTTP/1.1.1", b""))
        odd = f"{any_text(rng)}: {any_text(rng)}".encode()
        heads = [b"Host: localhost", *rng.sample(HEADS, rng.randrange(3)), odd]
        lines = [b" ".join((method, rng.choice(PARTS), version)), *heads[: rng.randint(0, len(heads))], b"", b""]
        request = b"\r\n".join(lines)
        return {"request": damaged(rng, request) if rng.random() < 0.6 else request}

    def take(self, case: Case) -> None:
        """Send it, say that there is no more, and read the answer to its end."""
        answer = b""
        with socket.create_connection(("127.0.0.1", self._page.port), timeout=LONGEST_S) as connection:
            try:
                connection.sendall(case["request"])
                connection.shutdown(socket.SHUT_WR)
                while piece := connection.recv(1 << 16):
                    answer += piece
            except TimeoutError as error:
                raise FindingError(f"no end of an answer within {LONGEST_S} s") from error
            except OSError:  # it was sent more than it wanted to read
                pass
        if self._errors:
            raise FindingError("an error that nobody foresaw") from self._errors.pop()
        if b" 200 " not in answer[:20]:
            raise Refusal(answer[:40])

    def close(self) -> None:
        """Stop listening."""
        self._page.close()

    def _unexpected(self, _request: Any, _address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            self._errors.append(sys.exc_info()[1])
