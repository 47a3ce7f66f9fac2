"""The page's server against requests that no page of ours sends: refused, bounded, and the next browser is served."""

import http.client
import socket
import time

import pytest

from automot_ros.nodes import page_guard, page_server
from automot_ros.nodes.page_server import Feed, PageServer

PARTS = ("/", "/dashboard.js", "/events", "/camera")


@pytest.fixture
def server():
    made = PageServer(Feed(), 18_740)
    yield made
    made.close()


def raw(server, data, wait_s=20.0):
    """What comes back for these bytes until the server closes; b"" where it closed without a word."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=wait_s) as connection:
        answer = b""
        try:
            connection.sendall(data)
            while piece := connection.recv(65536):
                answer += piece
        except (ConnectionResetError, BrokenPipeError):
            pass
        return answer


def status_of(server, path="/", *, method="GET", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10.0)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, headers=names)
    with connection.getresponse() as answer:
        return answer.status


def test_it_listens_on_this_machine_only(server):
    assert server._server.server_address[0] == "127.0.0.1"
    # The whole of 127.0.0.0/8 is this machine; a socket bound to all addresses would answer here.
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.2", server.port), timeout=5.0):
        pass


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "HEAD", "get"])
def test_it_can_only_be_read(server, method):
    assert status_of(server, method=method) == 501


@pytest.mark.parametrize("host", [
    "evil.example", "evil.example:18740", "localhost.evil.example", "127.0.0.1.evil.example",
    "127.0.0.1:80@evil.example", "localhost:", "localhost:80:80", "localhost:x", "[::1]", "127.0.0.1.", "0.0.0.0",
    "192.168.0.1:18740", ""])
@pytest.mark.parametrize("path", PARTS)
def test_a_name_that_was_made_to_point_here_is_refused(server, path, host):
    assert status_of(server, path, Host=host) == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST:9000", "127.0.0.1:18740"])
def test_its_own_names_are_served_whatever_port_was_forwarded(server, host):
    assert status_of(server, Host=host) == 200


@pytest.mark.parametrize("head", [b"", b"Host: localhost\r\nHost: evil.example\r\n",
                                  b"Host: evil.example\r\n localhost\r\n", b"Host: localhost\r\n evil.example\r\n"])
def test_a_request_without_one_plain_host_is_refused(server, head):
    assert raw(server, b"GET / HTTP/1.1\r\n" + head + b"\r\n").startswith(b"HTTP/1.1 403 ")


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://localhost:18740", "http://localhost:3000",
                                    "http://127.0.0.1:18740", "file://", ""])
@pytest.mark.parametrize("path", PARTS)
def test_a_page_from_elsewhere_is_refused(server, path, origin):
    assert status_of(server, path, Host="localhost:18740", Origin=origin) == 403


def test_a_page_of_its_own_is_served(server):
    assert status_of(server, Host="localhost:18740", Origin="http://localhost:18740",
                     Sec_Fetch_Site="same-origin") == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything"])
def test_another_sites_page_cannot_embed_or_fetch_a_part(server, site):
    for mode, dest in (("no-cors", "image"), ("cors", "empty"), ("navigate", "iframe"), ("no-cors", "document")):
        assert status_of(server, "/camera", Sec_Fetch_Site=site, Sec_Fetch_Mode=mode, Sec_Fetch_Dest=dest) == 403
    assert status_of(server, "/", Sec_Fetch_Site=site, Sec_Fetch_Mode="navigate", Sec_Fetch_Dest="document") == 200


def test_no_other_site_may_frame_the_page_or_read_it(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5.0)
    connection.request("GET", "/")
    answer = connection.getresponse()
    assert "frame-ancestors 'none'" in answer.getheader("Content-Security-Policy")
    assert answer.getheader("Cross-Origin-Resource-Policy") == "same-origin"
    assert answer.getheader("X-Content-Type-Options") == "nosniff"
    assert answer.getheader("Access-Control-Allow-Origin") is None


@pytest.mark.parametrize("head", ["Content-Length: 5", "Transfer-Encoding: chunked", "Content-Length: x"])
def test_a_request_with_a_body_is_refused_and_its_body_is_no_second_request(server, head):
    second = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    answer = raw(server, f"GET / HTTP/1.1\r\nHost: localhost\r\n{head}\r\n\r\n{second}".encode())
    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("target", ["http://evil.example/", "*", "evil"])
def test_a_target_that_is_no_path_is_refused(server, target):
    assert raw(server, f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("data", [
    b"GET /" + b"a" * 10_000_000, b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 10_000_000,
    b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 1_000_000, b"\r\n" * 1_000_000, b"\x00" * 1_000_000,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) * 2000])
def test_what_is_too_large_or_no_request_is_refused_before_it_is_read_whole(server, data, monkeypatch):
    taken = []
    inner = page_guard.BoundedReader.readinto

    def counted(self, buffer):
        taken.append(inner(self, buffer))
        return taken[-1]

    monkeypatch.setattr(page_guard.BoundedReader, "readinto", counted)
    answer = raw(server, data)
    assert b"200" not in answer[:15]
    assert sum(taken) <= page_guard.MAX_REQUEST_BYTES
    assert status_of(server) == 200


def test_a_request_that_never_ends_is_given_up_however_it_drips(monkeypatch, server):
    monkeypatch.setattr(page_guard, "REQUEST_S", 1.0)
    begin = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10.0) as connection:
        connection.settimeout(0.1)
        ended = False
        while not ended and time.monotonic() - begin < 10.0:
            try:
                connection.sendall(b"G")
                ended = connection.recv(1) == b""
            except TimeoutError:
                pass
            except OSError:
                ended = True
    assert ended


def test_one_client_too_many_is_told_so_and_the_places_come_back(monkeypatch):
    monkeypatch.setattr(page_guard, "MAX_CLIENTS", 3)
    monkeypatch.setattr(page_guard, "REQUEST_S", 2.0)
    made = PageServer(Feed(), 18_760)
    try:
        silent = [socket.create_connection(("127.0.0.1", made.port), timeout=10.0) for _ in range(3)]
        end = time.monotonic() + 5.0
        while status_of(made) != 503:  # until the third has its thread
            assert time.monotonic() < end
        while status_of(made) == 503:  # silent ones lose their places
            assert time.monotonic() < end
            time.sleep(0.1)
        for connection in silent:
            connection.close()
    finally:
        made.close()


def test_a_browser_that_reads_nothing_is_dropped(server, monkeypatch):
    monkeypatch.setattr(page_server, "ANSWER_S", 0.5)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10.0) as connection:
        connection.sendall(b"GET /camera HTTP/1.1\r\nHost: localhost\r\n\r\n")
        end = time.monotonic() + 20.0
        while not server._feed.watched("camera"):
            assert time.monotonic() < end
            time.sleep(0.01)
        while server._feed.watched("camera"):
            assert time.monotonic() < end
            server._feed.publish("picture", bytes(1 << 20))
            time.sleep(0.01)
