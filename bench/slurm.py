"""A one-node Slurm without munge, as a peer; nothing where its packages are not installed."""
import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

CONFIG = """ClusterName=bench
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={ctl_port}
AuthType=auth/none
CredType=cred/none
SlurmUser=root
SlurmdUser=root
StateSaveLocation={home}/state
SlurmdSpoolDir={home}/spool/%n
SlurmctldPidFile={home}/slurmctld.pid
SlurmdPidFile={home}/slurmd.%n.pid
SlurmctldLogFile={home}/slurmctld.log
SlurmdLogFile={home}/slurmd.%n.log
TmpFS={home}/tmp
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0
NodeName=n1 NodeHostname=localhost NodeAddr=127.0.0.1 Port={node_port} CPUs=4 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_idle(env, seconds=10):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        done = subprocess.run(["sinfo", "-h", "-o", "%T"], env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if done.stdout.strip() == b"idle":
            return True
        time.sleep(0.1)
    return False


@contextlib.contextmanager
def cluster():
    """Yields the command prefix that runs a program by srun, or None."""
    if os.getuid() != 0 or not all(shutil.which(p) for p in ("slurmctld", "slurmd", "srun")):
        print("SKIPPED: srun (needs root and the package slurm-wlm)", file=sys.stderr)
        yield None
        return
    home = pathlib.Path(tempfile.mkdtemp(prefix="rw-slurm-"))
    for name in ("state", "spool/n1", "tmp"):
        (home / name).mkdir(parents=True)
    (home / "slurm.conf").write_text(CONFIG.format(home=home, ctl_port=free_port(), node_port=free_port()))
    env = dict(os.environ, SLURM_CONF=str(home / "slurm.conf"))
    daemons = [subprocess.Popen(["slurmctld", "-D", "-c"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)]
    daemons.append(subprocess.Popen(["slurmd", "-D", "-N", "n1"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    try:
        if wait_idle(env):
            yield ["env", "SLURM_CONF=" + env["SLURM_CONF"], "srun", "-n1"]
        else:
            print("SKIPPED: srun (the cluster did not come up; see its logs)", file=sys.stderr)
            yield None
    finally:
        for daemon in daemons:
            daemon.terminate()
        for daemon in daemons:
            daemon.wait()
        shutil.rmtree(str(home), ignore_errors=True)
