"""Under strace: between the arrival of a request that changes stored state and its 2xx answer lies a sync."""

import hashlib
import http.client
import json
import os
import re
import shutil
import urllib.parse

import pytest
from sdk_support import RealServer, binary

ARRIVAL = re.compile(r'"(POST|PUT|PATCH|DELETE) ')
SYNC = re.compile(r"(fsync|fdatasync|syncfs)(\(\d+\)| resumed>\)) += 0")
ANSWER = re.compile(r'"HTTP/1\.1 (\d+)')


@pytest.fixture
def traced(tmp_path, isolated):
    """A real server under strace; `.trace` is the file."""
    program = binary()
    if program is None or shutil.which("strace") is None:
        pytest.skip("needs a built runwright and strace")
    wrapper, trace = tmp_path / "runwright", tmp_path / "trace"
    # -D: the server itself is our child, so that signals reach it.
    calls = "fsync,fdatasync,syncfs,sendto,sendmsg,write,writev,recvfrom,recvmsg,read,readv"
    wrapper.write_text("#!/bin/sh\nexec strace -D -f -e signal=none -e trace=%s -o %s %s \"$@\"\n" % (calls, trace, program))
    wrapper.chmod(0o755)
    server = RealServer(str(wrapper), str(tmp_path / "data"), os.environ["HOME"])
    server.trace = trace
    yield server
    server.stop()


class Client(object):
    """One request after another over one connection; what each was and its status is kept in `done`."""

    def __init__(self, server):
        from runwright import config

        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(server.url).netloc, timeout=60)
        self.headers = {"Authorization": "Bearer " + config.token_of(server.url)}
        self.done = []

    def __call__(self, method, path, body=None, raw=None):
        data = raw if raw is not None else json.dumps(body or {}).encode()
        self.connection.request(method, path, body=data, headers=self.headers)
        response = self.connection.getresponse()
        text = response.read().decode()
        assert 200 <= response.status < 300, "%s %s: %d %s" % (method, path, response.status, text)
        self.done.append("%s %s" % (method, path))
        return json.loads(text)


def digest(data):
    return hashlib.sha256(data).hexdigest()


def change_everything(ask):
    workspace = "/api/v1/workspaces/" + ask("POST", "/api/v1/workspaces", {"name": "ws"})["id"]
    ask("POST", workspace + "/experiments", {"name": "exp"})
    for data in (b"x", b"y" * 3000000):
        ask("PUT", "/api/v1/blobs/" + digest(data), raw=data)
    ask("POST", "/api/v1/blobs/pack", raw=b"".join(b"%s %d\n%s" % (digest(d).encode(), len(d), d) for d in (b"aa", b"bb")))
    tree = b"runwright-tree-1\0" + b"100644 " + digest(b"x").encode() + b" 1\ta.py\0"
    ask("PUT", "/api/v1/blobs/" + digest(tree), raw=tree)
    ask("POST", "/api/v1/snapshots", {"id": digest(tree)})
    run = "/api/v1/runs/" + ask("POST", workspace + "/runs", {"experiment": "exp"})["id"]
    ask("PATCH", run, {"tags": {"a": "b"}, "properties": {"p": "1"}})
    ask("POST", run + "/metrics", {"metrics": [{"name": "loss", "value": 0.5}]})
    ask("POST", run + "/artifacts", {"name": "outputs/m", "digest": digest(b"x"), "size": 1, "source": "scan"})
    ask("PUT", run + "/artifacts/content?name=u.bin", raw=b"z" * 2000000)
    ask("POST", workspace + "/models", {"name": "m", "run_id": run.split("/")[-1], "model_path": "outputs"})
    ask("PATCH", workspace + "/models/m?version=1", {"tags": {"a": "b"}})
    ask("DELETE", workspace + "/models/m?version=1")
    ask("POST", workspace + "/computes", {"name": "cpu", "vm_size": "STANDARD_D2_V2", "max_nodes": 2})
    ask("PATCH", workspace + "/computes/cpu", {"max_nodes": 3})
    ask("DELETE", workspace + "/computes/cpu")
    ask("POST", run + "/end", {"status": "Completed"})


def syncs_before_answers(trace):
    """(status, syncs since the request came) of each changing request, in order."""
    syncs, found = None, []
    for line in trace.read_text(errors="replace").splitlines():
        if ARRIVAL.search(line) and ("recv" in line or "read" in line):
            syncs = 0
        elif syncs is not None and SYNC.search(line):
            syncs += 1
        elif syncs is not None and ANSWER.search(line):
            found.append((int(ANSWER.search(line).group(1)), syncs))
            syncs = None
    return found


def test_a_sync_precedes_each_answer_to_a_change(traced):
    ask = Client(traced)
    change_everything(ask)
    traced.stop()
    found = syncs_before_answers(traced.trace)
    assert len(found) == len(ask.done), (found, ask.done)
    unsynced = [request for request, (_, syncs) in zip(ask.done, found) if syncs == 0]
    assert not unsynced
