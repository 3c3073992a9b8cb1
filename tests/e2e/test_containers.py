"""Runs in containers, by a real podman on an image made here, in a store of the test's own."""
import base64
import http.server
import io
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tarfile
import tempfile
import threading
import urllib.error
import urllib.request
import zipfile

import pytest
from installation import Installation
from waiting import wait_for

IMAGE_TAR = os.environ.get("RUNWRIGHT_TEST_IMAGE", "")
PODMAN = shutil.which("podman")
BASE = "localhost/base:12"
# What this kind of machine needs where control groups are mixed and limits cannot be raised.
CONTAINERS_CONF = """[containers]
default_ulimits = ["nofile=%d:%d", "nproc=32768:32768"]
[engine]
runtime = "runc"
"""
STORAGE_CONF = '[storage]\ndriver = "overlay"\ngraphroot = "%s/store"\nrunroot = "%s/run"\n'

pytestmark = pytest.mark.skipif(
    not PODMAN or not os.path.exists(IMAGE_TAR) or os.geteuid() != 0,
    reason="SKIPPED: containers: podman, runc and debootstrap (apt-get install) and root are needed; tools/test_python.sh makes the image",
)


class Engine:
    def __init__(self, folder):
        self.folder = folder
        limit = int(subprocess.run(["sh", "-c", "ulimit -Hn"], stdout=subprocess.PIPE, check=True).stdout)
        (folder / "containers.conf").write_text(CONTAINERS_CONF % (limit, limit))
        (folder / "storage.conf").write_text(STORAGE_CONF % (folder, folder))
        (folder / "registries.conf").write_text("")
        self.env = {
            "CONTAINERS_CONF": str(folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
            "CONTAINERS_REGISTRIES_CONF": str(folder / "registries.conf"),
        }

    def __call__(self, *arguments, check=True, **options):
        done = subprocess.run([PODMAN] + list(arguments), env=dict(os.environ, **self.env), stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
        assert not check or done.returncode == 0, (arguments, done.stderr.decode())
        return done.stdout.decode()

    def containers(self):
        return self("ps", "--all", "--format", "{{.Names}}").split()

    def allow_http(self, registry):
        (self.folder / "registries.conf").write_text('[[registry]]\nlocation = "%s"\ninsecure = true\n' % registry)


@pytest.fixture(scope="module")
def engine():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="rw-podman-"))
    one = Engine(folder)
    one("import", IMAGE_TAR, BASE)
    yield one
    one("rm", "--all", "--force", check=False)
    one("rmi", "--all", "--force", check=False)
    shutil.rmtree(str(folder), ignore_errors=True)


class Home(Installation):
    def post(self, path, body):
        request = urllib.request.Request(self.config()["server"] + path, json.dumps(body).encode(), {"Authorization": "Bearer " + self.token(), "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return json.loads(error.read())

    def put_secret(self, name, value):
        request = urllib.request.Request(self.config()["server"] + "/api/v1/workspaces/%s/secrets/%s" % (self.workspace(), name), json.dumps({"value": value}).encode(), {"Authorization": "Bearer " + self.token(), "Content-Type": "application/json"}, method="PUT")
        urllib.request.urlopen(request, timeout=60).close()

    def workspace(self):
        request = urllib.request.Request(self.config()["server"] + "/api/v1/workspaces", headers={"Authorization": "Bearer " + self.token()})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())["items"][0]["id"]

    def submit(self, command, image, kind="interpreter", container=None, variables=None, **spec):
        body = {"experiment": "containers", "command": command, "environment": dict(spec, kind=kind, image=image if isinstance(image, dict) else {"name": image})}
        if container:
            body["container"] = container
        if variables:
            body["environment_variables"] = variables
        return self.post("/api/v1/workspaces/%s/runs" % self.workspace(), body)

    def ended(self, run_id):
        return wait_for(lambda: (lambda r: r["status"] in ("Completed", "Failed", "Canceled") and r)(self.json("runs", "show", run_id)), 120, "the end of " + run_id)

    def run(self, command, image=BASE, **more):
        made = self.submit(command, image, **more)
        assert "id" in made, made
        return self.ended(made["id"])

    def log(self, run_id):
        path = self.run_dir(run_id) / "azureml-logs" / "70_driver_log.txt"
        return path.read_text() if path.exists() else ""


def make_home(engine, start=True):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="rw-e2e-"))
    one = Home(folder)
    one.env.update(engine.env)
    if start:
        one.cli("init", ".", "--workspace", "ws")
    return one


def end_home(one):
    one.cli("server", "stop", check=False)
    for pid, _, _ in one.processes():
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass
    subprocess.run(["chmod", "-R", "u+w", str(one.home)], check=False)
    shutil.rmtree(str(one.home), ignore_errors=True)


@pytest.fixture(scope="module")
def home(engine):
    one = make_home(engine)
    yield one
    end_home(one)


@pytest.fixture
def fresh(engine):
    one = make_home(engine)
    yield one
    end_home(one)


def python(code):
    """A command that runs the code by the image's Python."""
    return "python3 - <<'EOF'\n%s\nEOF\n" % code


def test_a_script_runs_in_the_image_and_logs_from_there(home, engine):
    script = """
import os, sys
from azureml.core import Run
run = Run.get_context()
run.log('accuracy', 0.5)
print('tags', run.get_tags())
open('outputs/model.txt', 'w').write('model')
print(repr(os.environ['TWO']), os.path.exists('/run/.containerenv'), os.getcwd() == os.environ['RUNWRIGHT_RUN_DIR'] + '/work')
print(open('/proc/1/cmdline').read().split(chr(0))[0], os.statvfs('/dev/shm').f_blocks * os.statvfs('/dev/shm').f_frsize >> 20)
sys.exit(7)
"""
    made = home.submit(python(script), BASE, variables={"TWO": "a\nb", "PASSWORD": "sesame-open"}, container={"shm_size": "300m"})
    assert "id" in made, made
    run = home.ended(made["id"])
    log = home.log(run["id"])
    assert run["status"] == "Failed" and run["error"].get("exit_code") == 7, (run, log)
    assert "'a\\nb' True True" in log and "/run/runwright-guard 300" in log and "tags {}" in log, log
    assert "0.5" in home.cli("runs", "metrics", run["id"]).stdout.decode()
    assert (home.run_dir(run["id"]) / "work" / "outputs" / "model.txt").stat().st_uid == os.geteuid()
    assert engine.containers() == []
    for name in ("launch", "container"):
        assert b"sesame" not in (home.run_dir(run["id"]) / "state" / name).read_bytes()


def test_signals_and_memory(home):
    killed = home.run(python("import os\nos.kill(os.getpid(), 11)"))
    assert killed["error"].get("exit_code") == 139, killed["error"]  # the shell's own word for it
    killed = home.run("kill -9 $$")
    assert killed["error"].get("signal") == 9 and "kill -9" in killed["error"]["next_step"], killed["error"]
    memory = home.run("exec " + python("x = bytearray(500 << 20)"), container={"arguments": ["--memory=100m"]})
    assert memory["error"].get("signal") == 9 and "OOM killer ended it" in memory["error"]["message"], memory["error"]


WAITS = """
import signal, sys, time
def end(number, frame):
    print('told', number)
    sys.exit(0)
if %r:
    signal.signal(signal.SIGTERM, end)
else:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('up')
while True:
    time.sleep(1)
"""


def running(home, engine, listens=True):
    made = home.submit("exec " + python(WAITS % listens), BASE)
    assert "id" in made, made
    wait_for(lambda: "up" in home.log(made["id"]), 60, "the script's first line")
    assert engine.containers()
    return made["id"]


def pids_of(home, run_id, program):
    found = []
    for pid, argv, _ in home.processes():
        parts = argv.split(b"\0")
        if os.path.basename(parts[0]) == program and str(home.run_dir(run_id)).encode() in parts and (program != b"runwright" or b"executor" in parts):
            found.append(pid)
    return found


def test_cancel_tells_the_script_once_and_leaves_no_container(home, engine):
    run_id = running(home, engine)
    home.cli("runs", "cancel", run_id)
    assert home.ended(run_id)["status"] == "Canceled"
    assert home.log(run_id).split() == ["up", "told", "15"]
    assert engine.containers() == []


def test_a_script_that_does_not_listen_is_killed_in_the_end(home, engine):
    run_id = running(home, engine, listens=False)
    home.cli("runs", "cancel", run_id)
    assert home.ended(run_id)["status"] == "Canceled"
    assert engine.containers() == []


def test_a_killed_executor_comes_back_to_the_container(home, engine):
    made = home.submit("echo up; while [ ! -e go ]; do sleep 0.05; done; echo went on; exit 3", BASE)
    wait_for(lambda: "up" in home.log(made["id"]), 60, "the script's first line")
    before = pids_of(home, made["id"], b"runwright")
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: set(pids_of(home, made["id"], b"runwright")) - set(before), 30, "a new executor")
    (home.run_dir(made["id"]) / "work" / "go").write_text("")
    run = home.ended(made["id"])
    assert run["error"].get("exit_code") == 3 and home.log(run["id"]) == "up\nwent on\n", run
    assert engine.containers() == []


def test_a_container_does_not_outlive_its_supervisor(home, engine):
    run_id = running(home, engine)
    for program in (b"runwright-shim", b"runwright"):
        for pid in pids_of(home, run_id, program):
            os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not engine.containers(), 30, "the container's end")
    assert home.ended(run_id)["status"] == "Failed"


def test_arguments(home):
    run = home.run("grep CapEff /proc/self/status; ip link 2>/dev/null; cat /sys/class/net/*/operstate | wc -l", container={"arguments": ["--cap-drop=all", "--network=none"]})
    log = home.log(run["id"])
    assert "CapEff:\t0000000000000000" in log and log.strip().endswith("1"), log
    refused = home.submit("true", BASE, container={"arguments": ["--name=mine"]})
    assert refused["error"]["field"] == "container.arguments[0]", refused
    wrong = home.run("true", container={"arguments": ["--no-such-option=1"]})
    assert "unknown flag: --no-such-option" in wrong["error"]["message"], wrong["error"]


def wheel(folder, name="rwtiny", version="1.0"):
    """A wheel of nobody's, so that its answer can only come from the test's own index."""
    path = folder / ("%s-%s-py3-none-any.whl" % (name, version))
    info = "%s-%s.dist-info/" % (name, version)
    with zipfile.ZipFile(str(path), "w") as out:
        out.writestr(name + ".py", "VALUE = 42\n")
        out.writestr(info + "METADATA", "Metadata-Version: 2.1\nName: %s\nVersion: %s\n" % (name, version))
        out.writestr(info + "WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        out.writestr(info + "RECORD", name + ".py,,\n")
    return path


class Server:
    """HTTP for one test: what `answer(path, headers)` says, (status, headers, body)."""

    def __init__(self, answer):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                status, headers, body = answer(self.path, self.headers)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            do_HEAD = do_GET

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = "127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def basic(user, password):
    return "Basic " + base64.b64encode(("%s:%s" % (user, password)).encode()).decode()


def test_packages_go_on_top_of_the_image_and_no_password_into_it(fresh, engine):
    data = wheel(fresh.project).read_bytes()

    def answer(path, headers):
        if headers.get("Authorization") != basic("ann", "pass-of-the-index"):
            return 401, {"WWW-Authenticate": 'Basic realm="index"'}, b""
        if path == "/simple/rwtiny/":
            return 200, {"Content-Type": "text/html"}, b'<a href="/rwtiny-1.0-py3-none-any.whl">rwtiny-1.0-py3-none-any.whl</a>'
        return (200, {}, data) if path.endswith(".whl") else (404, {}, b"")

    index = Server(answer)
    try:
        url = "http://ann:pass-of-the-index@%s/simple/" % index.address
        show = python("import rwtiny, sys; print(rwtiny.VALUE, sys.prefix)").replace("python3", "python")
        first = fresh.run(show, kind="pip", requirements=["rwtiny"], index_url=url)
        assert first["status"] == "Completed", (first, fresh.log(first["id"]))
        assert fresh.log(first["id"]) == "42 /opt/runwright/env\n"
    finally:
        index.close()
    again = fresh.run(show, kind="pip", requirements=["rwtiny"], index_url=url)
    assert again["status"] == "Completed", "a build that is there needs no index"
    names = [line for line in engine("images", "--format", "{{.Repository}}:{{.Tag}}").split() if "runwright/env" in line]
    assert len(names) == 1, names
    saved = fresh.home / "image.tar"
    engine("save", "--output", str(saved), names[0])
    for folder, _, files in os.walk(str(fresh.data)):
        for name in files:
            path = pathlib.Path(folder, name)
            if path.is_file() and name not in ("runwright.db", "runwright.db-wal"):  # the spec, as it was given
                assert b"pass-of-the-index" not in path.read_bytes(), name
    with tarfile.open(str(saved)) as archive:
        for member in archive:
            if not member.isfile():
                continue
            content = archive.extractfile(member).read()
            assert b"pass-of-the-index" not in content
            if member.name.endswith(".tar"):  # a layer
                assert b"pass-of-the-index" not in content


def test_a_dockerfile_is_built_once_and_its_failure_shown(home, engine):
    text = "FROM %s\nRUN echo made > /made-%d\n" % (BASE, os.getpid())
    seen = home.run("cat /made-*", {"dockerfile": text})
    assert seen["status"] == "Completed" and home.log(seen["id"]) == "made\n", (seen, home.log(seen["id"]))
    images = engine("images", "--quiet", "--all").split()
    assert home.run("cat /made-*", {"dockerfile": text})["status"] == "Completed"
    assert engine("images", "--quiet", "--all").split() == images
    failed = home.run("true", {"dockerfile": "FROM %s\nRUN echo about to fail && exit 3\n" % BASE})
    assert failed["status"] == "Failed" and "cannot build the Dockerfile" in failed["error"]["message"], failed
    home.cli("runs", "get", failed["id"], "azureml-logs/20_image_build_log.txt", "-o", "got")
    assert "about to fail" in (home.project / "got" / "azureml-logs" / "20_image_build_log.txt").read_text()


def test_each_failure_says_what_to_do(home, engine):
    message = home.run("true", "localhost/nosuch:1")["error"]["message"]
    assert "localhost/nosuch:1" in message and "on this machine" in message, message
    empty = home.project / "empty.tar"
    with tarfile.open(str(empty), "w") as archive:
        archive.add(str(home.write("hello", "hello")), "hello")
    engine("import", str(empty), "localhost/empty:1")
    message = home.run("true", "localhost/empty:1", kind="pip", requirements=["six"])["error"]["message"]
    assert "localhost/empty:1 has no Python" in message, message
    message = home.run("true", "127.0.0.1:1/team/image:1")["error"]["message"]
    assert "connection refused" in message and "Registry 127.0.0.1:1 was not reached" in message, message


def test_a_dockerfile_copies_from_its_build_context(home, engine):
    home.write("context/Dockerfile", "FROM %s\nCOPY greeting tool.py /opt/\nRUN --mount=type=bind,source=greeting,target=/mnt/g cat /mnt/g > /opt/seen\n" % BASE)
    home.write("context/greeting", "first\n")
    home.write("context/tool.py", "WORD = 'tool'\n")
    home.write("job/train.py", "import sys\nsys.path.insert(0, '/opt')\nimport tool\nprint(open('/opt/greeting').read() + open('/opt/seen').read() + tool.WORD)\n")
    program = """
import sys
from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace
from azureml.core.environment import DockerBuildContext
ws = Workspace.from_config()
if sys.argv[1] == 'register':
    made = Environment.from_docker_build_context('ours', DockerBuildContext.from_local_directory(ws, 'context'))
    made = made.register(ws)
else:
    made = Environment.get(ws, 'ours')
run = Experiment(ws, 'context').submit(ScriptRunConfig('job', 'train.py', environment=made))
run.wait_for_completion(show_output=True)
print('VERSION', made.version)
"""
    out = home.python(program, "register").stdout.decode()
    assert "first\nfirst\ntool" in out and "VERSION 1" in out, out
    home.write("context/greeting", "second\n")
    out = home.python(program, "register").stdout.decode()
    assert "second\nsecond\ntool" in out and "VERSION 2" in out, out
    # Elsewhere: the folder is gone, and its images too.
    shutil.rmtree(str(home.project / "context"))
    assert "second\nsecond\ntool" in home.python(program, "get").stdout.decode()
    unknown = home.run("true", {"dockerfile": "FROM %s\nCOPY x /\n" % BASE, "context": "ab" * 32})
    assert "the files that the Dockerfile copies are not on this server" in unknown["error"]["message"], unknown


def test_an_image_without_python_runs_commands(home, engine):
    """A shell and what it needs, copied out of the base image: no Python is in it."""
    folder = home.project / "bare"
    out = engine("run", "--rm", "--network=none", BASE, "sh", "-c", "ldd /bin/sh /bin/cat").split()
    libraries = sorted({word for word in out if word.startswith("/lib")})
    archive = home.project / "bare.tar"
    name = "bare-%d" % os.getpid()
    engine("create", "--name", name, BASE, "true")
    for path in ["/bin/sh", "/bin/cat"] + libraries:
        target = folder / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        engine("cp", "%s:%s" % (name, engine("run", "--rm", BASE, "readlink", "-f", path).strip()), str(target))
    engine("rm", name)
    with tarfile.open(str(archive), "w") as tar:
        tar.add(str(folder), "/")
    engine("import", str(archive), "localhost/bare:1")
    for _ in range(2):  # made for the run, then warm
        seen = home.run("cat greeting || echo none; echo kept > outputs/kept.txt; echo hello", "localhost/bare:1")
        assert seen["status"] == "Completed" and home.log(seen["id"]).endswith("hello\n"), (seen, home.log(seen["id"]))
    home.write("job/train.py", "print('never')\n")
    program = """
import sys
from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace
bare = Environment.from_docker_image('bare', 'localhost/bare:1')
run = Experiment(Workspace.from_config(), 'bare').submit(ScriptRunConfig('job', 'train.py', environment=bare))
run.wait_for_completion(raise_on_error=False)
print(run.get_details()['error']['error']['message'])
"""
    message = home.python(program).stdout.decode()
    assert "image localhost/bare:1 has no Python that starts, which train.py needs" in message, message


CNTK = """
from azureml.core import Experiment, Workspace
from azureml.train.estimator import Estimator
estimator = Estimator(source_directory='job', compute_target='local', entry_script='train.py', script_params={'--epochs': 2},
                      node_count=1, process_count_per_node=1, pip_packages=['cntk==2.5.1'], custom_docker_base_image='microsoft/mmlspark:0.12')
run = Experiment(Workspace.from_config(), 'cntk').submit(estimator)
run.wait_for_completion(show_output=True)
print(run.get_metrics())
print('WARNED', [w for w in run.get_details()['warnings'] if 'mmlspark' in str(w)])
"""


def test_a_custom_image_through_the_image_map_with_packages_on_top(engine):
    home = make_home(engine, start=False)
    try:
        wheel(home.project, "cntk", "2.5.1")
        config = home.home / "config" / "pip" / "pip.conf"
        config.parent.mkdir(parents=True)
        config.write_text("[global]\nno-index = true\nfind-links = %s\n" % home.project)
        rules = home.data / "profiles" / "image-map.json"
        rules.parent.mkdir(parents=True)
        rules.write_text(json.dumps({"rules": [{"pattern": "microsoft/mmlspark:*", "use": "image:" + BASE, "note": "a stand-in"}]}))
        home.cli("init", ".", "--workspace", "ws")
        home.write("job/train.py", "import sys, cntk\nfrom azureml.core import Run\nRun.get_context().log('value', cntk.VALUE)\nprint(sys.argv[1:], sys.prefix)\n")
        done = home.python(CNTK)
        said = done.stdout.decode()
        assert "['--epochs', '2'] /opt/runwright/env" in said and "{'value': 42" in said, said
        assert "WARNED [" in said and BASE in said.split("WARNED", 1)[1], said
    finally:
        end_home(home)


class Registry(Server):
    """One private image "team/image:1" behind a user name and a password."""

    def __init__(self, engine, folder, password):
        engine("save", "--format", "oci-dir", "--output", str(folder), BASE)
        index = json.loads((folder / "index.json").read_text())["manifests"][0]
        manifest = (folder / "blobs" / index["digest"].replace(":", "/")).read_bytes()

        def answer(path, headers):
            if headers.get("Authorization") != basic("ann", password):
                return 401, {"WWW-Authenticate": 'Basic realm="registry"'}, b"{}"
            if path == "/v2/":
                return 200, {}, b"{}"
            if path.startswith("/v2/team/image/manifests/") and path.rsplit("/", 1)[1] in ("1", index["digest"]):
                return 200, {"Content-Type": index["mediaType"], "Docker-Content-Digest": index["digest"]}, manifest
            blob = folder / "blobs" / path.rsplit("/", 1)[1].replace(":", "/")
            if path.startswith("/v2/team/image/blobs/") and blob.is_file():
                return 200, {"Content-Type": "application/octet-stream"}, blob.read_bytes()
            return 404, {"Content-Type": "application/json"}, b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}'

        super().__init__(answer)


def test_private_registries(home, engine):
    registry = Registry(engine, home.home / "oci", "pass-of-the-registry")
    engine.allow_http(registry.address)
    try:
        def image(tag="1", secret="registry"):
            return {"name": "team/image:" + tag, "registry": {"address": registry.address, "username": "ann", "password_secret": secret}}

        nobody = home.run("true", registry.address + "/team/image:1")
        assert "the registry wants a login" in nobody["error"]["message"], nobody["error"]
        home.put_secret("wrong", "pass-of-somebody-else")
        refused = home.run("true", image(secret="wrong"))
        assert "refuses the password of user ann" in refused["error"]["message"], refused["error"]
        home.put_secret("registry", "pass-of-the-registry")
        unknown = home.run("true", image(tag="2"))
        assert "there is no such image" in unknown["error"]["message"], unknown["error"]
        seen = home.run("cat /etc/debian_version", image())
        assert seen["status"] == "Completed", (seen, home.log(seen["id"]))
    finally:
        registry.close()
    again = home.run("true", image())
    assert again["status"] == "Completed", "what is there needs no registry"
    for folder, _, files in os.walk(str(home.data)):
        for name in files:
            content = pathlib.Path(folder, name).read_bytes() if pathlib.Path(folder, name).is_file() else b""
            assert b"pass-of-the-registry" not in content and base64.b64encode(b"ann:pass-of-the-registry") not in content, name


def test_a_server_killed_in_the_middle_of_a_build_leaves_nothing(fresh, engine):
    home = fresh
    links = home.project / "links"
    links.mkdir()
    backend = "import os, time\ndef build_wheel(*a, **k):\n    open(%r, 'w').close()\n    time.sleep(600)\n" % str(links / "building")
    files = {"pyproject.toml": '[project]\nname = "rwslow"\nversion = "1.0"\n[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n', "backend.py": backend, "PKG-INFO": "Metadata-Version: 2.2\nName: rwslow\nVersion: 1.0\n"}
    with tarfile.open(str(links / "rwslow-1.0.tar.gz"), "w:gz") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo("rwslow-1.0/" + name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    made = home.submit("true", BASE, kind="pip", requirements=["rwslow"], find_links=[str(links)], index_url="http://127.0.0.1:1/simple")
    wait_for(lambda: any("runwright-build" in name for name in engine.containers()), 60, "a container that builds")
    home.kill_server()
    wait_for(lambda: "Up" not in engine("ps", "--format", "{{.Status}}"), 30, "the end of what it was building in")
    home.start_server()
    home.cli("runs", "cancel", made["id"])
    assert home.run("true", BASE)["status"] == "Completed"
    wait_for(lambda: not [n for n in engine.containers() if "runwright-build" in n], 30, "the container's removal")
    wait_for(lambda: not [n for n in os.listdir(str(home.data / "env" / "builds")) if n.startswith(".work-image")], 30, "the folder's removal")


def test_gc_removes_images_that_nothing_names(fresh, engine):
    fresh.run("true", {"dockerfile": "FROM %s\nRUN echo gc > /gc\n" % BASE})
    names = lambda: [n for n in engine("images", "--format", "{{.Repository}}:{{.Tag}}").split() if "runwright/base" in n]  # noqa: E731
    before = names()
    assert before
    for build in (fresh.data / "env" / "builds").iterdir():
        shutil.rmtree(str(build))
    fresh.cli("server", "stop")
    fresh.start_server()
    fresh.run("true", BASE)
    wait_for(lambda: len(names()) < len(before), 30, "the image's removal")
