"""Following a run: what is printed, and what happens when the server goes away in the middle."""

import base64
import io
import json

import pytest
from runwright import errors, stream
from runwright._http import Client
from runwright.client import Api
from sdk_support import answer, read_request

RUN = {"id": "r1", "status": "Completed", "portal_url": "http://h/runs/r1", "warnings": []}
LOG = "azureml-logs/70_driver_log.txt"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def event(kind, **data):
    if "bytes" in data:
        data["bytes"] = base64.b64encode(data["bytes"]).decode()
    text = ("event: %s\ndata: %s\n\n" % (kind, json.dumps(data))).encode()
    return b"%x\r\n%s\r\n" % (len(text), text)


def log(offset, data, name=LOG):
    return event("log", name=name, offset=offset, bytes=data)


END = event("end", status="Completed") + b"0\r\n\r\n"


@pytest.fixture
def serve(raw_server):
    """Serves the run's document, and each of the given streams in turn; keeps the queries of the streams."""

    def make(*streams, document=RUN):
        left, queries = list(streams), []

        def script(connection, number):
            file = connection.makefile("rb")
            while True:
                request = read_request(file)
                if not request.path.endswith("/logs"):
                    connection.sendall(answer(200, document))
                    continue
                queries.append(request.query)
                connection.sendall(HEAD + left.pop(0))
                if left:
                    return

        api = Api(Client(raw_server(script).url))
        api.queries = queries
        return api

    return make


def test_the_printed_layout(serve):
    document = dict(RUN, warnings=[{"source": "compute", "message": "no GPU here"}])
    api = serve(
        event("status", status="Preparing", reason={"text": "building"})
        + log(0, b"resolved\n", "azureml-logs/20_image_build_log.txt")
        + event("status", status="Running")
        + log(0, b"epoch 1\r" + "ž".encode()[:1])
        + log(9, "ž".encode()[1:] + b" done")
        + END,
        document=document,
    )
    out = io.StringIO()
    assert stream.wait(api, "r1", show_output=True, out=out) == document
    assert out.getvalue() == (
        "RunId: r1\n"
        "Web View: http://h/runs/r1\n"
        "\n"
        "Streaming azureml-logs/20_image_build_log.txt\n"
        "=============================================\n"
        "\n"
        "resolved\n"
        "\n"
        "Streaming azureml-logs/70_driver_log.txt\n"
        "========================================\n"
        "\n"
        "epoch 1\rž done\n"
        "\n"
        "Execution Summary\n"
        "=================\n"
        "RunId: r1\n"
        "Web View: http://h/runs/r1\n"
        "\n"
        "Warnings:\n"
        "no GPU here\n"
        "\n"
    )


def test_a_break_is_taken_up_at_the_same_byte(serve):
    api = serve(log(0, b"one\n"), log(4, b"two\n") + b"4\r\nda", log(2, b"e\ntwo\nthree\n") + END)
    seen = []
    assert stream.follow(api, "r1", lambda name, data: seen.append((name, data.get("offset"), data.get("bytes")))) == "Completed"
    assert seen == [("log", 0, b"one\n"), ("log", 4, b"two\n"), ("log", 8, b"three\n"), ("end", None, None)]
    assert api.queries == ["", "from=%s:4" % LOG, "from=%s:8" % LOG]


def test_a_server_that_was_never_there_is_an_error_at_once():
    with pytest.raises(errors.UnavailableError, match="Nobody answers"):
        stream.follow(Api(Client("http://127.0.0.1:1")), "r1", print)


def test_a_server_that_stays_away_is_an_error_at_last(serve):
    api = serve(log(0, b"x"), b"", b"", b"")
    with pytest.raises(errors.UnavailableError):
        stream.follow(api, "r1", lambda *_: None, give_up_after=0.1)


def test_waiting_without_output(serve):
    api = serve(END, document=dict(RUN, status="Failed"))
    assert stream.wait(api, "r1")["status"] == "Failed"
    assert api.queries == []  # it is over: nothing to follow
    out = io.StringIO()
    api = serve(END)
    stream.wait(api, "r1", show_output=True, out=out)
    assert "Streaming" not in out.getvalue()


def test_ctrl_c_passes_through(serve):
    def interrupt(name, data):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stream.follow(serve(log(0, b"x") + END), "r1", interrupt)


def test_an_output_of_another_encoding_loses_no_line(serve):
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    stream.wait(serve(log(0, "ž!\n".encode()) + END), "r1", show_output=True, out=out)
    assert b"?!\n" in raw.getvalue()
