"""Solves and installs conda packages; the server runs it as a program of its own.

    python conda_solver.py check|solve|install|rehome JOB

JOB is a JSON file that is removed as soon as it was read: it may hold passwords. The answer is one JSON line on
standard output, lines for people go to standard error. `check` and `rehome` need the standard library alone; `solve` and `install`
take `micromamba` where the job names it, else the package py-rattler.

| command | job | answer |
|---|---|---|
| check | channels, timeout | channels: [{url, reached, why}] |
| solve | channels, specs, cache | packages: [{name, version, build, url, hash, of_python}] |
| install | packages, prefix, final_prefix, cache, copy | linked: how many; copy: share no file with the cache |
| rehome | prefix, final_prefix | changed: how many scripts |

All take credentials: [{url, text}]. What goes wrong is `{"error", "kind"}`: conflict (in the solver's words),
unreachable, or other.
"""

import json
import os
import re
import subprocess
import sys

ALIAS = "https://conda.anaconda.org"
DEFAULTS = ["https://repo.anaconda.com/pkgs/main", "https://repo.anaconda.com/pkgs/r"]
_USER_INFO = re.compile(r"(://)[^/?#\"'` \t\r\n,)>]*@")


def platform_name():
    machine = os.uname().machine
    return {"x86_64": "linux-64", "aarch64": "linux-aarch64", "ppc64le": "linux-ppc64le"}.get(machine, "linux-" + machine)


def channel_urls(channel):
    """The URLs of a channel as users write it: a name, a URL, a folder, ``defaults``."""
    if channel == "defaults":
        return list(DEFAULTS)
    if channel.startswith("/"):
        return ["file://" + channel.rstrip("/")]
    if "://" in channel:
        return [channel.rstrip("/")]
    return [os.environ.get("CONDA_CHANNEL_ALIAS", ALIAS).rstrip("/") + "/" + channel.strip("/")]


def all_urls(channels):
    out = []
    for channel in channels:
        out += [url for url in channel_urls(channel) if url not in out]
    return out


def masked(text):
    return _USER_INFO.sub(r"\1", text)


def authorization(url, credentials):
    """The value of the Authorization header for a URL, of the longest prefix; None without one."""
    found = None
    for one in credentials:
        prefix = one["url"].rstrip("/")
        if (url == prefix or url.startswith(prefix + "/")) and (found is None or len(prefix) > len(found["url"])):
            found = one
    if found is None:
        return None
    if ":" not in found["text"]:
        return "Bearer " + found["text"]
    import base64

    return "Basic " + base64.b64encode(found["text"].encode("utf-8")).decode("ascii")


# Is anybody there?


def reach(url, timeout, credentials):
    """"" where the channel answers, if only to refuse; else why not."""
    if url.startswith("file://"):
        from urllib.request import url2pathname

        folder = url2pathname(url[len("file://"):])
        for subdir in ("noarch", platform_name()):
            if os.path.exists(os.path.join(folder, subdir, "repodata.json")):
                return ""
        return "no repodata.json in %s/noarch" % folder
    import urllib.error
    import urllib.request

    request = urllib.request.Request(url + "/noarch/repodata.json", method="HEAD")
    header = authorization(url, credentials)
    if header:
        request.add_unredirected_header("Authorization", header)
    try:
        urllib.request.urlopen(request, timeout=timeout).close()
    except urllib.error.HTTPError as error:
        return "" if error.code < 500 and error.code != 404 else "HTTP %d" % error.code
    except OSError as error:
        return str(getattr(error, "reason", error))
    return ""


def check(job):
    """All at once: the slowest decides how long it takes."""
    import threading

    urls = all_urls(job["channels"])
    why = dict.fromkeys(urls, "no answer in %g s" % job["timeout"])

    def ask(url):
        why[url] = reach(url, job["timeout"], job.get("credentials") or [])

    threads = [threading.Thread(target=ask, args=(url,), daemon=True) for url in urls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(job["timeout"] + 1)  # a name that does not resolve may take longer than the bound
    return {"channels": [{"url": masked(url), "reached": not why[url], "why": masked(why[url])} for url in urls]}


# Solving.


def is_of_python(depends):
    return any(re.match(r"python(\s|=|<|>|$)", text) for text in depends)


def hash_of(sha256, md5):
    return "sha256=" + sha256 if sha256 else "md5=" + md5 if md5 else ""


def solve(job):
    solver = solve_by_micromamba if job.get("micromamba") else solve_by_rattler
    return {"packages": sorted(solver(job), key=lambda package: package["name"])}


def solve_by_rattler(job):
    import asyncio

    import rattler
    import rattler.exceptions

    async def run():
        gateway = rattler.Gateway(cache_dir=os.path.join(job["cache"], "repodata"), client=rattler_client(job))
        return await rattler.solve(
            all_urls(job["channels"]), job["specs"], gateway=gateway, platforms=[platform_name(), "noarch"],
            virtual_packages=rattler.VirtualPackage.detect())

    try:
        records = asyncio.run(run())
    except rattler.exceptions.SolverError as error:
        raise Failure("conflict", str(error))
    except rattler.exceptions.GatewayError as error:
        raise Failure("unreachable", str(error))
    except rattler.exceptions.InvalidMatchSpecError as error:
        raise Failure("conflict", str(error))
    return [{"name": record.name.normalized, "version": str(record.version), "build": str(record.build),
             "url": masked(str(record.url)), "of_python": is_of_python(record.depends),
             "hash": hash_of(hex_of(record.sha256), hex_of(record.md5))} for record in records]


def hex_of(digest):
    return digest.hex() if digest else ""


def rattler_client(job):
    import rattler
    import rattler.networking

    credentials = job.get("credentials") or []
    if not credentials:
        return rattler.Client.default_client()

    # The middleware is told neither scheme nor port.
    plain = [{"url": "https://" + re.sub(r"^[a-z+]+://([^/:]*)(:[0-9]+)?", r"\1", one["url"]), "text": one["text"]}
             for one in credentials]

    def headers(host, path):
        header = authorization("https://%s%s" % (host.split(":")[0], path), plain)
        return {"Authorization": header} if header else {}

    return rattler.Client([rattler.networking.AddHeadersMiddleware(headers), rattler.networking.RetryMiddleware()])


def micromamba(job, arguments, prefix):
    command = [job["micromamba"]] + arguments + ["--yes", "--json", "--no-rc", "--root-prefix", job["cache"], "--prefix", prefix]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    words = done.stderr.decode("utf-8", "replace").strip()
    try:
        answer = json.loads(done.stdout.decode("utf-8", "replace") or "{}")
    except ValueError:
        answer = {}
    if done.returncode == 0:
        return answer
    words = answer.get("solver_problems") and "\n".join(answer["solver_problems"]) or words or "exit code %d" % done.returncode
    kind = "unreachable" if re.search(r"Could not (resolve|connect)|[Dd]ownload error|HTTP error", words) else "conflict"
    raise Failure(kind, masked(words))


def solve_by_micromamba(job):
    arguments = ["create", "--dry-run", "--override-channels"]
    for url in all_urls(job["channels"]):
        arguments += ["--channel", url]
    answer = micromamba(job, arguments + job["specs"], os.path.join(job["cache"], "solved"))
    return [{"name": one["name"], "version": one["version"], "build": one.get("build_string") or one.get("build") or "",
             "url": masked(one["url"]), "of_python": is_of_python(one.get("depends") or ()),
             "hash": hash_of(one.get("sha256"), one.get("md5"))} for one in answer["actions"].get("LINK") or ()]


# Installing.


def verify_local(package):
    """Files of a channel in a folder are checked here: rattler checks what it downloads."""
    if not package["url"].startswith("file://") or not package["hash"]:
        return
    import hashlib
    from urllib.request import url2pathname

    algorithm, _, wanted = package["hash"].partition("=")
    with open(url2pathname(package["url"][len("file://"):]), "rb") as file:
        found = hashlib.new(algorithm, file.read()).hexdigest()
    if found != wanted:
        raise Failure("other", "hash mismatch of %s: the channel says %s, the file has %s"
                      % (package["url"], wanted, found))


def install(job):
    for package in job["packages"]:
        verify_local(package)
    installer = install_by_micromamba if job.get("micromamba") else install_by_rattler
    installer(job)
    return {"linked": len(job["packages"])}


def install_by_micromamba(job):
    path = os.path.join(os.path.dirname(job["prefix"]), "explicit.txt")
    with open(path, "w") as file:
        file.write("@EXPLICIT\n")
        for package in job["packages"]:
            # micromamba reads `#HASH` and tells MD5 from SHA-256 by its length.
            file.write(package["url"] + ("#" + package["hash"].split("=")[1] if package["hash"] else "") + "\n")
    arguments = ["create", "--relocate-prefix", job["final_prefix"], "--file", path]
    micromamba(job, arguments + (["--always-copy"] if job.get("copy") else []), job["prefix"])


def install_by_rattler(job):
    import asyncio

    import rattler
    import rattler.exceptions

    class Reporter(object):
        """Says which package is fetched; the other calls are not of interest."""

        def on_populate_cache_start(self, operation, package_name):
            say("fetching " + package_name)
            return 0

        def __getattr__(self, name):
            if not name.startswith("on_"):
                raise AttributeError(name)
            return lambda *arguments: 0

    records = [record_of(package) for package in job["packages"]]
    links = "false" if job.get("copy") else "true"
    config = rattler.Config.from_toml("allow-hard-links = %s\nallow-symbolic-links = false\n" % links)
    try:
        asyncio.run(rattler.install(
            records, target_prefix=job["prefix"], cache_dir=os.path.join(job["cache"], "pkgs"), show_progress=False,
            alternative_target_prefix=job["final_prefix"], client=rattler_client(job), config=config,
            reporter=Reporter()))
    except rattler.exceptions.InstallerError as error:
        text = str(error)
        raise Failure("unreachable" if "error sending request" in text else "other", masked(text))


def record_of(package):
    """A record as the solver gave it, of a line of the lock."""
    import rattler

    folder, file_name = package["url"].rsplit("/", 1)
    channel, subdir = folder.rsplit("/", 1)
    algorithm, _, digest = package["hash"].partition("=")
    hashes = {algorithm: bytes.fromhex(digest)} if digest else {}
    record = rattler.PackageRecord(package["name"], package["version"], rattler.BuildString(package["build"]), 0, subdir,
                                   **hashes)
    return rattler.RepoDataRecord(record, file_name, package["url"], channel)


# Files that name the folder that the environment was made in.


def rehome(job):
    """Scripts that pip's packages put into bin begin with the interpreter's path: the final one, also in RECORD."""
    old, new = (b"#!" + os.fsencode(job[key]) + b"/" for key in ("prefix", "final_prefix"))
    changed = {}
    for entry in os.scandir(os.path.join(job["prefix"], "bin")):
        if entry.is_symlink() or not entry.is_file():
            continue
        with open(entry.path, "rb") as file:
            data = file.read(1 << 20)
        if data.startswith(old):
            os.unlink(entry.path)  # it may be a link into a cache
            with open(entry.path, "wb") as file:
                file.write(new + data[len(old):])
            os.chmod(entry.path, 0o755)
            changed["../../../bin/" + entry.name] = new + data[len(old):]
    import glob

    for path in glob.glob(os.path.join(glob.escape(job["prefix"]), "lib/python*/site-packages/*.dist-info/RECORD")):
        with open(path) as file:
            lines = file.read().splitlines()
        named = [record_line(line, changed) for line in lines]
        if named != lines:
            os.unlink(path)
            with open(path, "w") as file:
                file.write("\n".join(named) + "\n")
    return {"changed": len(changed)}


def record_line(line, changed):
    name = line.split(",")[0]
    if name not in changed:
        return line
    import base64
    import hashlib

    digest = base64.urlsafe_b64encode(hashlib.sha256(changed[name]).digest()).rstrip(b"=").decode("ascii")
    return "%s,sha256=%s,%d" % (name, digest, len(changed[name]))


# The program.


class Failure(Exception):
    def __init__(self, kind, text):
        super(Failure, self).__init__(text)
        self.kind = kind


def say(text):
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def main(command, path):
    with open(path) as file:
        job = json.load(file)
    os.unlink(path)
    try:
        answer = {"check": check, "solve": solve, "install": install, "rehome": rehome}[command](job)
    except Failure as failure:
        answer = {"error": masked(str(failure)).strip(), "kind": failure.kind}
    except Exception as error:  # a message and a cause, not a traceback, is what users read
        answer = {"error": masked("%s: %s" % (type(error).__name__, error)), "kind": "other"}
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
    os._exit(0)  # threads that still wait for a name server are not waited for


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
