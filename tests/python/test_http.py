"""The HTTP client: connections, bodies, errors, event streams, and what it does when nobody answers."""

import hashlib
import io
import os
import pickle
import re
import socket
import threading
import time

import pytest
from runwright import errors
from runwright._http import Client
from runwright._http_events import parse_events
from runwright._url import encode_query, parse_url
from sdk_support import ROOT, answer, read_request


def test_urls():
    assert parse_url("http://127.0.0.1:8080") == ("http", "127.0.0.1", 8080, "")
    assert parse_url("https://example.org/base/") == ("https", "example.org", 443, "/base")
    assert parse_url("http://[::1]:99") == ("http", "::1", 99, "")
    assert parse_url("unix:/a/b") == ("unix", "localhost", 0, "/a/b")
    for wrong in ("example.org", "ftp://x", "http://", "http://h:port"):
        with pytest.raises(errors.InvalidArgumentError):
            parse_url(wrong)


def test_query():
    query = [("a", [1, True]), ("b", None), ("c", "x y/ž&=+")]
    assert encode_query(query) == "?a=1&a=true&c=x%20y/%C5%BE%26%3D%2B"
    assert encode_query({}) == ""


def test_one_connection_serves_many_requests(scripted):
    server = scripted()
    server.on("POST", "/x", lambda request: request.json())
    client = Client(server.url, "secret")
    for i in range(5):
        assert client.json("POST", "/x", body={"i": i}) == {"i": i}
    assert {request.connection for request in server.requests} == {0}
    assert server.requests[0].headers["authorization"] == "Bearer secret"


def test_threads_do_not_share_a_connection(scripted):
    server = scripted()
    server.on("POST", "/x", lambda request: request.json())
    client = Client(server.url)
    wrong = []

    def work(number):
        for i in range(50):
            if client.json("POST", "/x", body=[number, i]) != [number, i]:
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert not wrong


def test_the_child_of_a_fork_takes_a_connection_of_its_own(scripted):
    server = scripted()
    server.on("GET", "/x", {"ok": True})
    client = Client(server.url)
    client.json("GET", "/x")
    child = os.fork()
    if child == 0:
        try:
            client.json("GET", "/x")
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    assert client.json("GET", "/x") == {"ok": True}
    assert [request.connection for request in server.requests] == [0, 1, 0]


def test_an_idle_connection_that_the_server_closed_is_replaced(raw_server):
    def script(connection, number):
        read_request(connection.makefile("rb"))
        connection.sendall(answer(200, {"connection": number}))

    client = Client(raw_server(script).url)
    assert client.json("POST", "/x", body={}) == {"connection": 0}
    assert client._idle[0].sock.recv(1, socket.MSG_PEEK) == b""  # it is closed now
    assert client.json("POST", "/x", body={}) == {"connection": 1}


def test_a_post_that_may_have_been_carried_out_is_not_repeated(raw_server):
    def script(connection, number):
        read_request(connection.makefile("rb"))

    server = raw_server(script)
    client = Client(server.url, retry_seconds=5)
    with pytest.raises(errors.UnavailableError, match="not known"):
        client.json("POST", "/x", body={})
    assert server.connections == 1


def test_inside_a_run_a_broken_request_is_repeated(raw_server):
    def script(connection, number):
        read_request(connection.makefile("rb"))
        if number == 2:
            connection.sendall(answer(200, {"at": number}))
        elif number == 1:
            connection.sendall(answer(503, {"error": {"code": "Unavailable", "message": "server is away"}}))

    client = Client(raw_server(script).url, retry_seconds=30)
    assert client.json("GET", "/x") == {"at": 2}


def test_nobody_answers_outside_of_a_run_is_said_at_once():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = "http://127.0.0.1:%d" % free.getsockname()[1]
    with pytest.raises(errors.UnavailableError) as caught:
        Client(url).json("GET", "/x")
    assert url in caught.value.message and "runwright server" in caught.value.message


def test_the_executor_may_come_back(tmp_path, raw_server):
    path = str(tmp_path / "exec.sock")
    client = Client("unix:" + path, retry_seconds=30)

    def script(connection, number):
        read_request(connection.makefile("rb"))
        connection.sendall(answer(200, {"here": True}, {"Connection": "close"}))

    made = []
    timer = threading.Timer(0.2, lambda: made.append(raw_server(script, path)))
    timer.start()
    assert client.json("GET", "/x") == {"here": True}
    assert client.json("GET", "/x") == {"here": True}
    timer.join()


def test_nobody_answers_inside_of_a_run_after_the_retries(tmp_path):
    client = Client("unix:" + str(tmp_path / "exec.sock"), retry_seconds=0.1)
    with pytest.raises(errors.UnavailableError, match="Nobody answers at unix:"):
        client.json("GET", "/x")


def test_a_socket_path_over_the_kernel_limit(tmp_path, scripted, monkeypatch):
    folder = tmp_path / ("long" * 20) / ("path" * 20)
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    server = scripted("exec.sock")
    server.on("GET", "/x", {"ok": 1})
    monkeypatch.chdir("/")
    path = str(folder / "exec.sock")
    assert len(path) > 107
    assert Client("unix:" + path).json("GET", "/x") == {"ok": 1}


def test_errors_carry_code_message_field_and_details(scripted):
    server = scripted()
    body = {"error": {"code": "Conflict", "message": "gap", "field": "offset"}, "acked": 7}
    server.on("GET", "/gap", lambda request: (409, body))
    server.on("GET", "/odd", lambda request: (502, b"<html>bad gateway"))
    client = Client(server.url)
    with pytest.raises(errors.ConflictError) as caught:
        client.json("GET", "/gap")
    error = caught.value
    assert (error.code, str(error), error.field, error.details, error.status) == ("Conflict", "gap", "offset", {"acked": 7}, 409)
    with pytest.raises(errors.RunwrightError, match="502.*bad gateway"):
        client.json("GET", "/odd")


def test_every_code_of_the_table_has_its_class():
    with open(os.path.join(ROOT, "api", "errors.yaml")) as file:
        rows = re.findall(r"^(\w+):\s*\{http: (\d+), python: (\w+)", file.read(), re.MULTILINE)
    assert {row[0] for row in rows} == set(errors.CLASSES)
    for code, status, name in rows:
        cls = errors.CLASSES[code]
        assert (cls.__name__, cls.http_status) == (name, int(status))
        copy = pickle.loads(pickle.dumps(cls("text", "field", {"a": 1})))
        assert (str(copy), copy.field, copy.details) == ("text", "field", {"a": 1})


def test_a_file_is_streamed_from_where_it_stands(scripted):
    server = scripted()
    server.on("PUT", "/x", lambda request: {"size": len(request.body), "sha": hashlib.sha256(request.body).hexdigest()})
    data = os.urandom(3000000)
    file = io.BytesIO(b"skip" + data)
    file.seek(4)
    status, _, body = Client(server.url).request("PUT", "/x", body=file)
    assert status == 200 and hashlib.sha256(data).hexdigest().encode() in body


def test_a_refusal_before_the_body_was_read_is_understood(raw_server):
    def script(connection, number):
        connection.recv(1000)
        connection.sendall(answer(413, {"error": {"code": "TooLarge", "message": "no"}}, {"Connection": "close"}))
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1 << 20):
            pass

    status, _, _ = Client(raw_server(script).url).request("PUT", "/x", body=io.BytesIO(b"x" * 5000000))
    assert status == 413


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_chunked_answers(raw_server):
    def script(connection, number):
        file = connection.makefile("rb")
        while True:
            read_request(file)
            connection.sendall(CHUNKED + b"5;x=y\r\nhello\r\n")
            connection.sendall(b"7\r\n, world\r\n0\r\nTrailer: x\r\n\r\n")

    server = raw_server(script)
    client = Client(server.url)
    assert client.request("GET", "/x")[2] == b"hello, world"
    assert client.request("GET", "/x")[2] == b"hello, world"
    assert server.connections == 1


def test_an_answer_that_ends_early_is_an_error(raw_server):
    def script(connection, number):
        read_request(connection.makefile("rb"))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")

    with pytest.raises(errors.UnavailableError, match="broke before the answer was whole"):
        Client(raw_server(script).url).request("GET", "/x")


def test_a_silent_server_is_a_deadline(raw_server):
    release = threading.Event()
    server = raw_server(lambda connection, number: release.wait(20))
    with pytest.raises(errors.DeadlineExceededError):
        Client(server.url).request("GET", "/x", timeout=0.1)
    release.set()


def test_downloads_are_verified_and_replace_the_target_whole(scripted, tmp_path):
    server = scripted()
    data = os.urandom(700000)
    good = hashlib.sha256(data).hexdigest()
    server.on("GET", "/good", lambda request: (200, data, {"X-Runwright-Digest": good}))
    server.on("GET", "/bad", lambda request: (200, data[:-1], {"X-Runwright-Digest": good}))
    client = Client(server.url)
    target = tmp_path / "file"
    seen = []
    assert client.download("/good", None, str(target), lambda *now: seen.append(now)) == len(data)
    assert target.read_bytes() == data and seen[-1] == (len(data), len(data))
    with pytest.raises(errors.CorruptError):
        client.download("/bad", None, str(target))
    assert target.read_bytes() == data
    assert os.listdir(str(tmp_path)) == ["file"]
    with pytest.raises(errors.NotFoundError):
        client.download("/none", None, str(target))


def test_events_arrive_when_they_are_sent(raw_server):
    received = threading.Event()

    def script(connection, number):
        read_request(connection.makefile("rb"))
        connection.sendall(CHUNKED.replace(b"OK", b"OK\r\nContent-Type: text/event-stream"))
        first = b'event: log\r\ndata: {"a":1}\r\n\r\n: ping\n\n'
        connection.sendall(b"%x\r\n%s\r\n" % (len(first), first))
        assert received.wait(20)  # the second event is sent after the first one was seen
        second = b"id: 7\ndata: x\ndata: y\n\n"
        connection.sendall(b"%x\r\n%s\r\n0\r\n\r\n" % (len(second), second))

    events = Client(raw_server(script).url).events("/x")
    assert next(events) == ("log", None, '{"a":1}')
    received.set()
    assert list(events) == [("message", "7", "x\ny")]


def test_a_broken_event_stream_says_so(raw_server):
    def script(connection, number):
        read_request(connection.makefile("rb"))
        connection.sendall(CHUNKED + b"9\r\ndata: 1\n\n\r\n")

    events = Client(raw_server(script).url).events("/x")
    assert next(events)[2] == "1"
    with pytest.raises(errors.UnavailableError, match="stream"):
        next(events)


def test_events_are_the_same_however_they_are_cut():
    stream = "event: a\ndata: ž1\n\ndata:2\r\n\r\n:x\nevent: c\nid: 3\ndata\n\n".encode()
    whole = list(parse_events(iter([stream, b""]).__next__))
    assert whole == [("a", None, "ž1"), ("message", None, "2"), ("c", "3", "")]
    for size in (1, 2, 3, 7):
        pieces = [stream[i : i + size] for i in range(0, len(stream), size)] + [b""]
        assert list(parse_events(iter(pieces).__next__)) == whole


def test_a_request_is_quick(scripted):
    server = scripted()
    server.on("GET", "/x", {})
    client = Client(server.url)
    client.json("GET", "/x")
    begin = time.perf_counter()
    for _ in range(50):
        client.json("GET", "/x")
    assert (time.perf_counter() - begin) / 50 < 0.02


def test_bytes_are_sent_as_they_are(scripted):
    server = scripted()
    server.on("POST", "/x", lambda request: [request.headers["content-type"], len(request.body)])
    client = Client(server.url)
    assert client.json("POST", "/x", body=b"\0\1") == ["application/octet-stream", 2]
    assert client.json("POST", "/x", body={"a": float("nan")}) == ["application/json", 12]
