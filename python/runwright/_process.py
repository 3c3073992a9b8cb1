"""Who a process is: its boot and the moment it started tell it from a later one with the same pid."""

import os


def boot_id():
    """The kernel's name of this boot, "" where there is none."""
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            return file.read().strip()
    except OSError:
        return ""


def start_ticks():
    """When this process started, in clock ticks since boot."""
    try:
        with open("/proc/self/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return 0


def is_alive(pid, ticks, boot):
    """Does the process that noted these three still live on this machine? ``boot``: of another boot: it is gone."""
    if boot != boot_id() or not pid:
        return False
    try:
        with open("/proc/%d/stat" % pid, "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return False
    return fields[0] != b"Z" and int(fields[19]) == ticks


def pid_space():
    """The kernel's name of this process's pid namespace: pids of another one say nothing here. "" where there is none."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""
