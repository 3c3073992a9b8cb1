"""Packages made on the spot, and the server's own words on what became of them."""
import io
import json
import os
import tarfile
import time
import urllib.error
import urllib.request
import zipfile

METADATA = "Metadata-Version: 2.1\nName: %s\nVersion: %s\n%s"
WHEEL = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
PROJECT = '[project]\nname = "%s"\nversion = "%s"\n[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'


def wheel(folder, name, version, requires=(), text=None):
    """A wheel with one module, `VALUE = version`."""
    info = "%s-%s.dist-info/" % (name, version)
    path = os.path.join(str(folder), "%s-%s-py3-none-any.whl" % (name, version))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name + ".py", text or "VALUE = %r\n" % version)
        archive.writestr(info + "METADATA", METADATA % (name, version, "".join("Requires-Dist: %s\n" % r for r in requires)))
        archive.writestr(info + "WHEEL", WHEEL)
        archive.writestr(info + "RECORD", "%s.py,,\n" % name)
    return path


def source(folder, name, version, backend):
    """A source package whose build is `backend`, a module with build_wheel."""
    files = {"pyproject.toml": PROJECT % (name, version), "backend.py": backend,
             "PKG-INFO": "Metadata-Version: 2.2\nName: %s\nVersion: %s\n" % (name, version)}
    with tarfile.open(os.path.join(str(folder), "%s-%s.tar.gz" % (name, version)), "w:gz") as archive:
        for file, text in files.items():
            entry = tarfile.TarInfo("%s-%s/%s" % (name, version, file))
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))


class Server:
    def __init__(self, installation):
        self.installation = installation

    def call(self, method, path, body=None):
        """(status, answer)"""
        headers = {"Authorization": "Bearer " + self.installation.token(), "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.installation.config()["server"] + path, data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def build(self, spec, seconds=240):
        """The build of a spec at its end: state, packages, lock, log, error."""
        status, answer = self.call("POST", "/api/v1/builds", {"spec": spec})
        assert status in (200, 202), answer
        deadline = time.time() + seconds
        while time.time() < deadline:
            _, build = self.call("GET", "/api/v1/builds/" + answer["env_id"])
            if build.get("state") in ("Ready", "Failed"):
                return dict(build, warnings=[w["message"] for w in self.warnings(spec)] if build["state"] == "Ready" else [])
            time.sleep(0.05)
        raise AssertionError("no end of the build in %d s: %r" % (seconds, build))

    def workspace(self):
        return self.call("GET", "/api/v1/workspaces")[1]["items"][0]["id"]

    def warnings(self, spec):
        status, ready = self.call("POST", "/api/v1/builds", {"spec": spec})
        assert status == 200, ready
        return ready["warnings"]

    def submit(self, spec, command, **more):
        body = dict(more, experiment="old-code", command=command, environment=spec)
        status, run = self.call("POST", "/api/v1/workspaces/%s/runs" % self.workspace(), body)
        assert status == 201, run
        return run["id"]
