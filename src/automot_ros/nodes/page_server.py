"""The web side of the dashboard: a page on this machine only, fed by server-sent events and a stream of JPEGs.

Standard library only. The node's thread publishes, one thread a connection sends; a slow browser misses frames, it
never holds anybody up. Nothing can be changed through it, and what a request may cost is bounded: see page_guard.py.
"""

from __future__ import annotations

import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import socket
from typing import Any
from urllib.parse import urlsplit

from automot_ros.base.errors import MachineError
from automot_ros.evaluation.page_state import PAGE
from automot_ros.nodes import page_guard
from automot_ros.nodes.page_guard import ANSWER_S, SAFE_HEADERS, BoundedReader, RequestTooLargeError

HOST = "127.0.0.1"
PORTS_TRIED = 20
PATIENCE_S = 1.0
_FILES = {"/": ("dashboard.html", "text/html"), "/dashboard.css": ("dashboard.css", "text/css"),
          "/dashboard.js": ("dashboard.js", "text/javascript")}
_BOUNDARY = "frame"
_FULL = b"HTTP/1.1 503 Too many clients\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Feed:
    """The newest state, map and picture, and how many browsers look at them."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._counts = {"state": 0, "map": 0, "picture": 0}
        self._newest: dict[str, bytes] = {}
        self._watchers = {"events": 0, "camera": 0}
        self.closed = False

    def publish(self, channel: str, data: bytes) -> None:
        """Put out the newest of a channel: state, map or picture."""
        with self._changed:
            self._newest[channel] = data
            self._counts[channel] += 1
            self._changed.notify_all()

    def newer(self, channels: tuple[str, ...], seen: dict[str, int]) -> list[tuple[str, bytes]]:
        """What is newer than `seen` (which is brought up to date); waits a moment when nothing is."""
        with self._changed:
            if all(self._counts[c] == seen.get(c, 0) for c in channels) and not self.closed:
                self._changed.wait(PATIENCE_S)
            fresh = [(c, self._newest[c]) for c in channels if self._counts[c] != seen.get(c, 0)]
            seen.update({c: self._counts[c] for c in channels})
            return fresh

    def watch(self, stream: str, change: int) -> None:
        """Count a browser in (+1) or out (-1) of a stream."""
        with self._changed:
            self._watchers[stream] += change

    def watched(self, stream: str) -> bool:
        """Whether any browser is connected to a stream."""
        return self._watchers[stream] > 0

    def close(self) -> None:
        """Let every waiting connection end."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()


class PageServer:
    """Serves the page from threads of its own until `close`."""

    def __init__(self, feed: Feed, port: int) -> None:
        """Listens on `port` or the next free one above it; MachineError when none is."""
        self._feed = feed
        handler = type("Handler", (_Handler,), {"feed": feed})
        for candidate in range(port, min(port + PORTS_TRIED, 65536)):
            try:
                self._server = _Server((HOST, candidate), handler)
            except OSError:
                continue
            break
        else:
            raise MachineError("no free port for the page", where="dashboard.port",
                               got=f"{port}..{port + PORTS_TRIED - 1} in use", wanted="another port")
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where a person finds the page."""
        return f"http://{HOST}:{self.port}"

    def close(self) -> None:
        """Stop listening and end the streams."""
        self._feed.close()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=2.0)


class _Server(ThreadingHTTPServer):
    """A thread for each of at most MAX_CLIENTS connections; one more is told so and closed."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: Any) -> None:
        self._places = threading.BoundedSemaphore(page_guard.MAX_CLIENTS)
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._places.acquire(blocking=False):
            _say_full(request)
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # no thread to be had
            self._places.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):  # a browser that went away is no news
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """One request, one connection."""

    feed: Feed
    protocol_version = "HTTP/1.1"
    requestline = request_version = command = ""  # for an answer before anything was read

    def setup(self) -> None:
        super().setup()
        self.rfile = BoundedReader.buffered(self.connection)

    def handle(self) -> None:
        try:
            self.handle_one_request()
        except RequestTooLargeError:
            self.connection.settimeout(ANSWER_S)
            self.send_error(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def do_GET(self) -> None:
        self.connection.settimeout(ANSWER_S)
        refused = page_guard.refusal(self.path, self.headers)
        if refused is not None:
            self.send_error(refused)
            return
        path = urlsplit(self.path).path
        if path in _FILES:
            self._file(*_FILES[path])
        elif path == "/events":
            self._stream("events", "text/event-stream", ("map", "state"))
        elif path == "/camera":
            self._stream("camera", f"multipart/x-mixed-replace; boundary={_BOUNDARY}", ("picture",))
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def end_headers(self) -> None:
        for name, value in SAFE_HEADERS:
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is the base class's
        """Say nothing: the log belongs to the drive."""

    def _file(self, name: str, kind: str) -> None:
        data = (PAGE / name).read_bytes()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, stream: str, kind: str, channels: tuple[str, ...]) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.feed.watch(stream, +1)
        seen: dict[str, int] = {}
        try:
            while not self.feed.closed:
                fresh = self.feed.newer(channels, seen)
                for channel, data in fresh:
                    self.wfile.write(_part(data) if stream == "camera" else _event(channel, data))
                if not fresh and stream == "events":
                    self.wfile.write(b": nothing new\n\n")  # finds out whether the browser is still there
        finally:
            self.feed.watch(stream, -1)


def _say_full(connection: socket) -> None:
    try:
        connection.settimeout(0.0)  # the listening thread waits for nobody
        connection.send(_FULL)
    except OSError:
        pass


def _event(name: str, data: bytes) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + data + b"\n\n"


def _part(jpeg: bytes) -> bytes:
    head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
    return head.encode() + jpeg + b"\r\n"
