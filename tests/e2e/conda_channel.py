"""A conda channel in a folder, written with the standard library alone."""
import hashlib
import io
import json
import os
import sys
import tarfile

SUBDIR = {"x86_64": "linux-64", "aarch64": "linux-aarch64"}.get(os.uname().machine, "linux-" + os.uname().machine)
# What a package's files hold in place of the folder that they are installed into.
PREFIX = "/opt/made_by_the_test_of_conda_packages"


class Channel:
    def __init__(self, folder):
        self.folder = folder
        for subdir in ("noarch", SUBDIR):
            (folder / subdir).mkdir(parents=True)
            self._write(subdir, {"info": {"subdir": subdir}, "packages": {}, "packages.conda": {}, "repodata_version": 1})

    @property
    def url(self):
        return "file://%s" % self.folder

    def add(self, name, version, files, depends=(), noarch="generic", links=()):
        """noarch None: a package of this platform. links: [(path, target)]."""
        subdir = "noarch" if noarch else SUBDIR
        index = {"name": name, "version": version, "build": "0", "build_number": 0, "depends": list(depends), "constrains": [], "subdir": subdir, "timestamp": 1600000000000}
        if noarch:
            index["noarch"] = noarch
        paths = [self._path(path, text) for path, text in files.items()]
        paths += [{"_path": path, "path_type": "softlink", "sha256": hashlib.sha256(b"").hexdigest(), "size_in_bytes": 0} for path, _ in links]
        info = {"info/index.json": json.dumps(index), "info/paths.json": json.dumps({"paths": paths, "paths_version": 1}), "info/about.json": "{}", "info/files": "".join(path["_path"] + "\n" for path in paths)}
        if noarch == "python":
            info["info/link.json"] = json.dumps({"noarch": {"type": "python", "entry_points": []}, "package_metadata_version": 1})
        data = self._archive(dict(info, **files), links)
        file_name = "%s-%s-0.tar.bz2" % (name, version)
        (self.folder / subdir / file_name).write_bytes(data)
        document = json.loads((self.folder / subdir / "repodata.json").read_text())
        document["packages"][file_name] = dict(index, md5=hashlib.md5(data).hexdigest(), sha256=hashlib.sha256(data).hexdigest(), size=len(data))
        self._write(subdir, document)
        return self.folder / subdir / file_name

    def add_python(self):
        """The channel's Python: a virtual environment of the Python that runs this test, as a package. It has a folder, a site-packages and a sys.prefix of its own, which is what conda and pip need of a Python."""
        version = "%d.%d.%d" % sys.version_info[:3]
        minor = "python%d.%d" % sys.version_info[:2]
        real = os.path.realpath(sys.executable)
        home = os.path.dirname(real)
        files = {"pyvenv.cfg": "home = %s\ninclude-system-site-packages = false\nversion = %s\n" % (home, version), "lib/%s/site-packages/README.txt" % minor: "packages\n"}
        self.add("python", version, files, noarch=None, links=[("bin/" + minor, real), ("bin/python3", minor), ("bin/python", minor)])
        return version

    def add_module(self, name, version, text, depends=()):
        info = "site-packages/%s-%s.dist-info/" % (name, version)
        files = {"site-packages/%s.py" % name: text, info + "METADATA": "Metadata-Version: 2.1\nName: %s\nVersion: %s\n" % (name, version), info + "INSTALLER": "conda\n"}
        return self.add(name, version, files, ["python >=3.6"] + list(depends), noarch="python")

    def _write(self, subdir, document):
        (self.folder / subdir / "repodata.json").write_text(json.dumps(document))

    @staticmethod
    def _path(path, text):
        out = {"_path": path, "path_type": "hardlink", "sha256": hashlib.sha256(text.encode()).hexdigest(), "size_in_bytes": len(text.encode())}
        if PREFIX in text:
            out.update(prefix_placeholder=PREFIX, file_mode="text")
        return out

    @staticmethod
    def _archive(files, links):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w:bz2") as archive:
            for path, text in files.items():
                member = tarfile.TarInfo(path)
                member.size, member.mode = len(text.encode()), 0o755 if path.startswith("bin/") else 0o644
                archive.addfile(member, io.BytesIO(text.encode()))
            for path, target in links:
                member = tarfile.TarInfo(path)
                member.type, member.linkname = tarfile.SYMTYPE, target
                archive.addfile(member)
        return out.getvalue()
