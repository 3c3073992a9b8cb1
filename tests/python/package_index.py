"""A package index of wheels made here, so that a test's environments need no network."""

import base64
import functools
import hashlib
import http.server
import os
import threading
import zipfile


class PackageIndex:
    """``packages``: {distribution: (version, {path: text})}. ``url`` is what pip is given; ``asked``: paths in order."""

    def __init__(self, root, packages):
        self.root, self.asked = root, []
        for name, (version, files) in packages.items():
            self.add(name, version, files)
        handler = functools.partial(_QuietFiles, self.asked, directory=root)
        self._files = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = "http://127.0.0.1:%d/" % self._files.server_address[1]
        threading.Thread(target=self._files.serve_forever, daemon=True).start()

    def add(self, name, version, files, requires=()):
        folder = os.path.join(self.root, name)
        os.makedirs(folder, exist_ok=True)
        make_wheel(folder, name.replace("-", "_"), version, files, requires)

    def close(self):
        self._files.shutdown()
        self._files.server_close()


class _QuietFiles(http.server.SimpleHTTPRequestHandler):
    def __init__(self, asked, *args, **kwargs):
        self.asked = asked
        super().__init__(*args, **kwargs)

    def log_message(self, *args):
        self.asked.append(self.path)


def make_wheel(folder, name, version, files, requires=()):
    """``files``: {path in the wheel: text}."""
    path = os.path.join(folder, "%s-%s-py3-none-any.whl" % (name, version))
    info = "%s-%s.dist-info/" % (name, version)
    metadata = "Metadata-Version: 2.1\nName: %s\nVersion: %s\n" % (name.replace("_", "-"), version)
    members = dict(files)
    members[info + "METADATA"] = metadata + "".join("Requires-Dist: %s\n" % one for one in requires)
    members[info + "WHEEL"] = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    rows = []
    for member, content in members.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content.encode()).digest()).decode().rstrip("=")
        rows.append("%s,sha256=%s,%d" % (member, digest, len(content)))
    members[info + "RECORD"] = "\n".join(rows + [info + "RECORD,,"]) + "\n"
    with zipfile.ZipFile(path, "w") as file:
        for member, content in members.items():
            file.writestr(member, content)
