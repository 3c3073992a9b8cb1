"""packaging/runwright.service under a real systemd, as process 1 of namespaces of its own over a copy-on-write view of this machine."""
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import pytest
from installation import BIN, ROOT
from waiting import wait_for

SYSTEMD = "/lib/systemd/systemd"
BOOT = r"""
set -e
mount --make-rprivate /
mount -t overlay overlay -o lowerdir=/,upperdir="$1/upper",workdir="$1/work" "$1/root"
cd "$1/root"
mount -t proc proc proc
mount -t sysfs sysfs sys
for folder in dev run tmp sys/fs/cgroup; do mount -t tmpfs tmpfs $folder; done
for device in null zero full random urandom; do touch dev/$device; mount --bind /dev/$device dev/$device; done
mkdir dev/shm sys/fs/cgroup/systemd sys/fs/cgroup/unified
if mountpoint -q /sys/fs/cgroup/systemd; then
  mount -t cgroup -o none,name=systemd cgroup sys/fs/cgroup/systemd
  mount -t cgroup2 cgroup2 sys/fs/cgroup/unified
else
  umount sys/fs/cgroup
  mount -t cgroup2 cgroup2 sys/fs/cgroup
fi
rm -rf etc/systemd/system/*.wants
pivot_root . tmp
umount -l /tmp
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin %s --system --unit=basic.target
""" % SYSTEMD
USER = """
export PATH=/opt/runwright/bin:/usr/bin:/bin HOME=/var/lib/runwright XDG_CONFIG_HOME=/var/lib/runwright/config
mkdir -p /var/lib/runwright/project && cd /var/lib/runwright/project
"""
SCRIPT = "import os, time\nprint('up', flush=True)\nwhile not os.path.exists('outputs/stop'): time.sleep(0.02)\nprint('down')\n"


class Machine:
    """systemd with the unit installed as docs/user/operations.md says."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("upper/opt/runwright", "upper/etc/systemd/system", "work", "root"):
            (folder / name).mkdir(parents=True)
        shutil.copytree(str(BIN), str(folder / "upper/opt/runwright/bin"))
        shutil.copytree(str(ROOT / "python"), str(folder / "upper/opt/runwright/python"))
        shutil.copy(str(ROOT / "packaging/runwright.service"), str(folder / "upper/etc/systemd/system"))
        (folder / "boot.sh").write_text(BOOT)
        self.parent = subprocess.Popen(
            ["unshare", "--pid", "--fork", "--kill-child", "--mount", "--uts", "--ipc", "--cgroup", "--net", "bash", str(folder / "boot.sh"), str(folder)],
            stdin=subprocess.DEVNULL, stdout=open(str(folder / "log"), "wb"), stderr=subprocess.STDOUT)
        wait_for(self._is_up, what="systemd: " + (folder / "log").read_text())

    def _is_up(self):
        assert self.parent.poll() is None, (self.folder / "log").read_text()
        children = pathlib.Path("/proc/%d/task/%d/children" % (self.parent.pid, self.parent.pid)).read_text().split()
        self.init = children[0] if children else None
        return self.init and os.readlink("/proc/%s/exe" % self.init).endswith("systemd") and self.run("systemctl", "is-active", "basic.target", check=False) == "active"

    def run(self, *command, check=True):
        done = subprocess.run(["nsenter", "-t", self.init, "-m", "-p", "-u", "-i", "-C", "-n", "-r", "-w"] + list(command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        assert not check or done.returncode == 0, done.stdout.decode()
        return done.stdout.decode().strip()

    def as_user(self, text, check=True):
        return self.run("setpriv", "--reuid", "runwright", "--regid", "runwright", "--clear-groups", "bash", "-ec", USER + text, check=check)

    def main_pid(self):
        return self.run("systemctl", "show", "-p", "MainPID", "--value", "runwright")

    def new_server(self, *how):
        """Until systemd has another one in place of the present."""
        before = self.main_pid()
        self.run("systemctl", *how)
        wait_for(lambda: self.main_pid() not in (before, "0"), what="a new server")
        wait_for(lambda: self.run("systemctl", "is-active", "runwright", check=False) == "active", what="the unit")

    def close(self):
        if self.init:
            os.kill(int(self.init), signal.SIGKILL)  # the kernel ends the namespace with it
        self.parent.wait()


@pytest.fixture
def machine():
    if os.geteuid() != 0 or not os.path.exists(SYSTEMD):
        pytest.skip("SKIPPED LOUDLY: needs root and systemd (apt install systemd): the unit is not tried")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="rw-systemd-"))
    one = Machine(folder)
    try:
        yield one
    finally:
        one.close()
        shutil.rmtree(str(folder), ignore_errors=True)


def test_the_unit_leaves_runs_alone(machine):
    machine.run("useradd", "--system", "--home-dir", "/var/lib/runwright", "--shell", "/usr/sbin/nologin", "runwright")
    machine.run("systemctl", "enable", "--now", "runwright")
    init = "runwright init . --server http://127.0.0.1:4242"
    wait_for(lambda: "Workspace" in machine.as_user(init, check=False), what="the server: a unit is active before it listens")
    machine.as_user("cat >train.py <<'END'\n%sEND\n" % SCRIPT)
    run = machine.as_user("runwright submit train.py").split()[-1]

    def status(check=True):
        lines = machine.as_user("runwright runs show " + run, check=check).splitlines()
        return "".join(line.split()[1] for line in lines if line.startswith("status"))

    wait_for(lambda: status() == "Running", what="the run")
    script = machine.run("pgrep", "-f", "python3 train.py")
    machine.new_server("restart", "runwright")
    wait_for(lambda: status(check=False) == "Running", what="the run under the new server")
    machine.new_server("kill", "--signal=KILL", "--kill-whom=main", "runwright")
    wait_for(lambda: status(check=False) == "Running", what="the run after the server's death")
    assert machine.run("pgrep", "-f", "python3 train.py") == script
    machine.as_user("touch /var/lib/runwright/data/runs/%s/work/outputs/stop" % run)
    wait_for(lambda: status() == "Completed", what="the run's end")
    assert machine.as_user("runwright logs " + run) == "up\ndown"
    machine.run("systemctl", "stop", "runwright")
    assert machine.run("systemctl", "show", "-p", "Result", "--value", "runwright") == "success"
