"""`Api` against api/openapi.yaml: every route that a client has is there, under its method and path, and no other."""

import inspect
import os
import re

import pytest
from runwright.client import Api
from sdk_support import ROOT

# Routes of executors, browsers and documentation: no client calls them.
NOT_OURS = {
    "getSchema", "claim", "allocationStarted", "allocationHeartbeat", "allocationExited", "allocationFinished",
    "allocationFailed", "shipLog", "previewLog", "getPrometheusMetrics", "addSystemMetrics", "runPage", "login", "loginLink",
    "listBuildPacks", "getBuildPack",
}
SAMPLES = {
    "ws": "W", "run": "R", "name": "N", "snapshot_id": "S", "digest": "D", "env_id": "E", "version": 2, "body": {}, "target": None,
    "digests": [], "metrics": [], "writer": "w", "offset": 0, "size": 0, "path": "p", "status": "Completed", "definition": {},
    "spec": {}, "data": b"", "rules": [], "prefix": "p",
}


def operations():
    """``{operationId: (method, path pattern)}`` of the schema, read line by line."""
    found, path, method = {}, None, None
    with open(os.path.join(ROOT, "api", "openapi.yaml")) as file:
        for line in file:
            new_path = re.match(r"^  (/\S*):", line)
            if new_path:
                path, method = new_path.group(1), None
            new_method = re.search(r"(?:^    |[ {])(get|post|put|patch|delete): ?(?:\{|$)", line.rstrip("\n"))
            if path and new_method:
                method = new_method.group(1).upper()
            operation = re.search(r"operationId: (\w+)", line)
            if operation:
                found[operation.group(1)] = (method, re.compile(re.sub(r"\{\w+\}", "[^/]+", path) + "$"))
            if line.startswith("components:"):
                return found
    raise AssertionError("openapi.yaml has no components")


class Recorder:
    """Stands in for the HTTP client."""

    url = "http://server"

    def __init__(self):
        self.calls = []

    def json(self, method, path, query=None, body=None, timeout=60, idempotent=None):
        self.calls.append((method, path))
        return {}

    def download(self, path, query=None, target=None, progress=None):
        self.calls.append(("GET", path))

    def events(self, path, query=None, timeout=60):
        self.calls.append(("GET", path))
        return iter(())


def call_everything():
    recorder = Recorder()
    api = Api(recorder)
    for name, method in inspect.getmembers(api, inspect.ismethod):
        if name.startswith("_"):
            continue
        arguments = [
            SAMPLES.get(parameter.name, "x")
            for parameter in inspect.signature(method).parameters.values()
            if parameter.default is parameter.empty and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        ]
        before = len(recorder.calls)
        result = method(*arguments)
        if inspect.isgenerator(result):
            list(result)
        assert len(recorder.calls) > before, name
    return recorder.calls


def test_every_operation_of_the_schema_has_its_method():
    schema = operations()
    assert len(schema) > 50 and NOT_OURS < set(schema)
    called = call_everything()
    missing = [
        name
        for name, (method, path) in schema.items()
        if name not in NOT_OURS and not any(method == m and path.match(p) for m, p in called)
    ]
    assert not missing


def test_no_method_asks_for_what_the_schema_does_not_have():
    schema = operations().values()
    unknown = [one for one in call_everything() if not any(m == one[0] and p.match(one[1]) for m, p in schema)]
    assert not unknown


def test_names_are_quoted_in_paths():
    recorder = Recorder()
    Api(recorder).get_model("w", "a b/c?")
    assert recorder.calls == [("GET", "/api/v1/workspaces/w/models/a%20b%2Fc%3F")]


def test_pages(scripted):
    from runwright._http import Client

    server = scripted()
    pages = {"": ([1, 2], "n1"), "n1": ([3], "n2"), "n2": ([], None)}

    def page(request):
        items, cursor = pages[request.query.partition("cursor=")[2].partition("&")[0]]
        return {"items": items, "next_cursor": cursor} if cursor else {"items": items}

    server.on("GET", "/api/v1/workspaces/w/runs", page)
    api = Api(Client(server.url))
    assert list(api.list_runs("w")) == [1, 2, 3]
    assert list(api.list_runs("w", limit=2)) == [1, 2]
    list(api.list_runs("w", tags={"a": None, "b": "c d"}, properties={"p": "q"}, status=["Failed", "Running"], include_children=True))
    assert server.requests[-1].query.startswith("status=Failed&status=Running&tag=a&tag=b%3Dc%20d&property=p%3Dq&include_children=true")


@pytest.mark.parametrize("tags,expected", [("a", ["a"]), ({"a": "1"}, ["a=1"]), (None, [])])
def test_tags_of_a_list(tags, expected):
    queries = []

    class Query(Recorder):
        def json(self, method, path, query=None, *rest):
            queries.append(query)
            return {}

    list(Api(Query()).list_runs("w", tags=tags))
    assert queries[0]["tag"] == expected
