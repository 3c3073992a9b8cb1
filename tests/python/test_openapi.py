"""The real server against api/openapi.yaml: every route is there, and nothing but the public ones answers without a token."""

import http.client
import os
import re
import urllib.parse

import pytest
import yaml
from sdk_support import ROOT

METHODS = ("get", "post", "put", "patch", "delete")


def described():
    """(METHOD, path, is public) of every operation."""
    with open(os.path.join(ROOT, "api", "openapi.yaml")) as file:
        document = yaml.safe_load(file)
    for path, operations in document["paths"].items():
        for method in METHODS:
            if method in operations:
                yield method.upper(), path, operations[method].get("security") == []


def ask(server, method, path, headers=None, body=None):
    """Status and text. The path's parameters name nothing that exists."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(server.url).netloc, timeout=30)
    try:
        connection.request(method, re.sub(r"\{[^}]*\}", "x", path), body=body, headers=headers or {})
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def test_every_route_is_served(server):
    from runwright import config

    headers = {"Authorization": "Bearer " + config.token_of(server.url)}
    missing = []
    for method, path, _ in described():
        if path == "/api/v1/server/stop":
            continue
        status, text = ask(server, method, path, headers)
        if status == 405 or "nothing is served" in text:
            missing.append("%s %s: %d" % (method, path, status))
    assert not missing
    assert ask(server, "GET", "/nowhere", headers)[0] == 404
    assert ask(server, "POST", "/api/v1/server/stop", headers)[0] == 202
    assert server.process.wait(20) == 0


def test_nothing_is_answered_without_a_token(server):
    open_doors = []
    for method, path, public in described():
        for headers in ({}, {"Authorization": "Bearer " + "0" * 64}, {"Cookie": "runwright_session=" + "0" * 64}):
            status, _ = ask(server, method, path, headers)
            if not public and status != 401:
                open_doors.append("%s %s: %d" % (method, path, status))
    assert not open_doors
    assert ask(server, "GET", "/healthz")[0] == 200
    assert ask(server, "GET", "/nowhere")[0] == 401


def test_a_large_body_is_refused_before_it_is_read(server):
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(server.url).netloc, timeout=30)
    connection.putrequest("PUT", "/api/v1/blobs/" + "0" * 64)
    connection.putheader("Content-Length", str(5 << 30))
    connection.endheaders()
    assert connection.getresponse().status == 401
    connection.close()


@pytest.mark.parametrize("body", ["{", "[]", "\"text\"", "{\"name\": \"a\", \"name\": \"b\"}"])
def test_bodies_that_are_no_object_are_refused(server, body):
    from runwright import config

    headers = {"Authorization": "Bearer " + config.token_of(server.url)}
    status, text = ask(server, "POST", "/api/v1/workspaces", headers, body)
    assert status == 400 and "InvalidArgument" in text
