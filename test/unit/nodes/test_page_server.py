"""The page's server: local only, next port when taken, newest data to whoever looks, and a clean end."""

import http.client
import threading
import time

import pytest

from automot_ros.base.errors import MachineError
from automot_ros.nodes import page_server
from automot_ros.nodes.page_server import Feed, PageServer


@pytest.fixture
def server():
    made = PageServer(Feed(), 18_640)
    yield made
    made.close()


def get(server, path, host=None):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5.0)
    connection.request("GET", path, headers={} if host is None else {"Host": host})
    return connection.getresponse()


def wait_until(condition):
    for _ in range(100):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("waited 2 s")


@pytest.mark.parametrize(("path", "text"), [("/", b"<canvas"), ("/dashboard.js", b"EventSource"),
                                            ("/dashboard.css", b"prefers-color-scheme")])
def test_the_page_and_its_parts_are_served(server, path, text):
    answer = get(server, path)
    assert answer.status == 200
    assert text in answer.read()


def test_the_page_asks_no_other_host(server):
    for path in ("/", "/dashboard.js", "/dashboard.css"):
        body = get(server, path).read()
        assert b"http://" not in body
        assert b"https://" not in body


@pytest.mark.parametrize("path", ["/../dashboard.py", "/dashboard.py", "/%2e%2e/dashboard.py", "//etc/passwd", "/x"])
def test_nothing_else_is_served(server, path):
    assert get(server, path).status == 404


def test_a_request_under_a_foreign_name_is_refused(server):
    assert get(server, "/", host="evil.example:80").status == 403
    assert get(server, "/", host=f"localhost:{server.port}").status == 200


def test_a_taken_port_moves_on_to_the_next(server):
    other = PageServer(Feed(), server.port)
    try:
        assert other.port == server.port + 1
    finally:
        other.close()


def test_no_free_port_is_an_error_that_says_so(server, monkeypatch):
    monkeypatch.setattr(page_server, "PORTS_TRIED", 1)
    with pytest.raises(MachineError, match="no free port"):
        PageServer(Feed(), server.port)


def test_events_carry_the_newest_map_and_state_and_watching_is_counted(server):
    feed = server._feed
    feed.publish("map", b'{"name":"old"}')
    feed.publish("map", b'{"name":"new"}')
    assert not feed.watched("events")
    answer = get(server, "/events")
    assert answer.readline() + answer.readline() == b'event: map\ndata: {"name":"new"}\n'
    answer.readline()
    wait_until(lambda: feed.watched("events"))
    feed.publish("state", b"{}")
    lines = [answer.readline() for _ in range(2)]
    assert lines == [b"event: state\n", b"data: {}\n"]
    answer.close()
    wait_until(lambda: feed.publish("state", b"{}") or not feed.watched("events"))


def test_the_camera_stream_sends_whole_pictures(server):
    feed = server._feed
    answer = get(server, "/camera")
    wait_until(lambda: feed.watched("camera"))
    feed.publish("picture", b"\xff\xd8jpeg")
    assert answer.getheader("Content-Type").startswith("multipart/x-mixed-replace")
    head = [answer.readline() for _ in range(4)]
    assert head[2] == b"Content-Length: 6\r\n"
    assert answer.read(6) == b"\xff\xd8jpeg"


def test_closing_ends_open_streams_and_frees_the_port():
    made = PageServer(Feed(), 18_700)
    answer = get(made, "/events")
    done = threading.Event()
    threading.Thread(target=lambda: (answer.read(), done.set()), daemon=True).start()
    port = made.port
    made.close()
    assert done.wait(5.0)
    again = PageServer(Feed(), port)
    assert again.port == port
    again.close()
