"""The conda driver's parts that need no conda: channels, credentials, reachability, moved scripts."""
import base64
import hashlib
import http.server
import json
import os
import subprocess
import sys
import threading

import pytest
from runwright import conda_solver


def test_channels_as_users_write_them(monkeypatch):
    monkeypatch.delenv("CONDA_CHANNEL_ALIAS", raising=False)
    assert conda_solver.channel_urls("conda-forge") == ["https://conda.anaconda.org/conda-forge"]
    assert conda_solver.channel_urls("/srv/channel/") == ["file:///srv/channel"]
    assert conda_solver.channel_urls("https://host/c/") == ["https://host/c"]
    assert len(conda_solver.channel_urls("defaults")) == 2
    monkeypatch.setenv("CONDA_CHANNEL_ALIAS", "https://mirror/")
    assert conda_solver.all_urls(["a", "b", "a"]) == ["https://mirror/a", "https://mirror/b"]


def test_credentials_go_with_the_longest_prefix_only():
    credentials = [{"url": "https://h", "text": "me:pw"}, {"url": "https://h/private/", "text": "token"}]
    assert conda_solver.authorization("https://h/x", credentials) == "Basic " + base64.b64encode(b"me:pw").decode()
    assert conda_solver.authorization("https://h/private/x", credentials) == "Bearer token"
    assert conda_solver.authorization("https://hostile/x", credentials) is None
    assert conda_solver.masked("at https://me:pw@h/x") == "at https://h/x"


def call(command, job, tmp_path):
    """As the server calls it: a job file, which is gone afterwards."""
    path = tmp_path / "job"
    path.write_text(json.dumps(job))
    answer = subprocess.check_output([sys.executable, conda_solver.__file__, command, str(path)])
    assert not path.exists()
    return json.loads(answer.decode())


def test_which_channels_answer(tmp_path):
    class Refusing(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_response(401 if self.path.startswith("/private") else 404)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = "http://127.0.0.1:%d" % server.server_port
    (tmp_path / "channel" / "noarch").mkdir(parents=True)
    (tmp_path / "channel" / "noarch" / "repodata.json").write_text("{}")
    channels = [str(tmp_path / "channel"), str(tmp_path / "none"), url + "/private", url + "/none", "http://127.0.0.1:9"]
    answer = call("check", {"channels": channels, "timeout": 3}, tmp_path)["channels"]
    server.shutdown()
    server.server_close()
    assert [one["reached"] for one in answer] == [True, False, True, False, False]
    assert answer[3]["why"] == "HTTP 404" and "refused" in answer[4]["why"] and "repodata.json" in answer[1]["why"]


def test_scripts_of_pip_name_the_final_folder(tmp_path):
    prefix = tmp_path / "part" / "environment"
    info = prefix / "lib" / "python3.11" / "site-packages" / "x-1.dist-info"
    for folder in (prefix / "bin", info):
        folder.mkdir(parents=True)
    (prefix / "bin" / "x").write_text("#!%s/bin/python\nprint(1)\n" % prefix)
    (prefix / "bin" / "other").write_text("#!/bin/sh\n")
    (prefix / "bin" / "python").symlink_to(sys.executable)
    (info / "RECORD").write_text("x.py,,\n../../../bin/x,sha256=old,1\n")
    assert call("rehome", {"prefix": str(prefix), "final_prefix": "/final"}, tmp_path) == {"changed": 1}
    text = (prefix / "bin" / "x").read_bytes()
    assert text == b"#!/final/bin/python\nprint(1)\n" and os.access(str(prefix / "bin" / "x"), os.X_OK)
    digest = base64.urlsafe_b64encode(hashlib.sha256(text).digest()).rstrip(b"=").decode()
    assert (info / "RECORD").read_text() == "x.py,,\n../../../bin/x,sha256=%s,%d\n" % (digest, len(text))


def test_a_file_that_is_not_what_the_channel_said(tmp_path):
    (tmp_path / "p.conda").write_bytes(b"changed")
    package = {"name": "p", "version": "1", "build": "0", "url": "file://%s/p.conda" % tmp_path, "hash": "sha256=" + "0" * 64}
    answer = call("install", {"packages": [package], "prefix": "", "final_prefix": "", "cache": ""}, tmp_path)
    assert answer["kind"] == "other" and "hash mismatch" in answer["error"]


def test_a_micromamba_that_fails_is_quoted(tmp_path):
    program = tmp_path / "micromamba"
    program.write_text("#!/bin/sh\necho 'Could not resolve host: https://me:pw@host' >&2\nexit 1\n")
    program.chmod(0o755)
    job = {"channels": ["c"], "specs": ["numpy"], "cache": str(tmp_path), "micromamba": str(program)}
    answer = call("solve", job, tmp_path)
    assert answer == {"kind": "unreachable", "error": "Could not resolve host: https://host"}


@pytest.mark.parametrize("depends,expected", [(["python >=3.6"], True), (["python"], True), (["python_abi 3.8"], False), ([], False)])
def test_what_pip_sees_too(depends, expected):
    assert conda_solver.is_of_python(depends) is expected
