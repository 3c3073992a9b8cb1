"""A lock stays until somebody has it made anew; who has the old one keeps it."""
import os

from package_places import wheel
from test_environments import ended, text_of
from test_nearest import links, pip, restart, server  # noqa: F401
from waiting import wait_for

SHOW = "import rwlow; print('version', rwlow.VALUE)"
HOLD = "import os, time\nopen(%r, 'w').close()\nwhile not os.path.exists(%r): time.sleep(0.01)\n" + SHOW


def test_an_upgrade_is_for_runs_after_it(installation, server, links):  # noqa: F811
    wheel(links, "rwlow", "1.0")
    began, go = str(installation.home / "began"), str(installation.home / "go")
    installation.write("hold.py", HOLD % (began, go))
    installation.write("show.py", SHOW)
    held = installation.json("submit", "--pip", "rwlow", "hold.py")["id"]
    wait_for(lambda: (installation.home / "began").exists(), 60, "the script")
    env_id = installation.json("runs", "show", held)["environment"]["env_id"]
    wheel(links, "rwlow", "2.0")
    assert installation.cli("env", "lock", env_id).stdout == b"rwlow==1.0\n"
    locked = installation.json("env", "show", env_id)["build"]["locked_time"]
    upgraded = installation.cli("env", "lock", env_id, "--upgrade")
    assert upgraded.stdout == b"rwlow==2.0\n" and "~ rwlow 1.0 → 2.0" in upgraded.stderr.decode()
    assert installation.json("env", "show", env_id)["build"]["locked_time"] > locked
    again = installation.cli("env", "lock", env_id, "--upgrade")
    assert again.stdout == b"rwlow==2.0\n" and b"the same versions" in again.stderr
    after = installation.json("submit", "--pip", "rwlow", "show.py")["id"]
    assert ended(installation, after)["status"] == "Completed"
    open(go, "w").close()
    assert ended(installation, held)["status"] == "Completed"
    for run_id, version in ((held, "1.0"), (after, "2.0")):
        assert text_of(installation, run_id, "azureml-logs/70_driver_log.txt").strip() == "version " + version
        assert text_of(installation, run_id, "azureml-logs/environment.lock") == "rwlow==%s\n" % version


def test_an_upgrade_that_fails_leaves_the_lock(installation, server, links):  # noqa: F811
    old = wheel(links, "rwlow", "1.0")
    spec = pip("rwlow")
    env_id = server.build(spec)["env_id"]
    os.unlink(old)
    failed = installation.cli("env", "lock", env_id, "--upgrade", check=False)
    assert failed.returncode == 1 and b"the lock stays as it is: cannot resolve rwlow" in failed.stderr, failed.stderr
    shown = installation.json("env", "show", env_id)
    assert shown["lock"] == "rwlow==1.0\n" and shown["build"]["state"] == "Ready"
    assert "cannot resolve rwlow" in installation.cli("env", "show", env_id).stdout.decode()
    run = server.submit(spec, "python -c \"%s\"" % SHOW)
    assert ended(installation, run)["status"] == "Completed"


def test_a_changed_profile_is_told_and_reaches_a_lock_by_an_upgrade(installation, server, links):  # noqa: F811
    wheel(links, "rwlow", "1.0")
    wheel(links, "rwlow", "2.0")
    spec = pip("rwlow==1.0")
    build = server.build(spec)
    assert build["packages"] == ["rwlow==1.0"] and build["profile_changed"] is False
    profiles = installation.data / "profiles"
    profiles.mkdir()
    (profiles / "packages.json").write_text('{"rules": [{"package": "rwlow", "versions": "<2", "nearest": ">=2", "reason": "1.0 does not work here"}]}')
    restart(installation)
    assert server.build(spec)["packages"] == ["rwlow==1.0"], "a lock is kept"
    assert "its profile has changed since" in installation.cli("env", "show", build["env_id"]).stdout.decode()
    assert installation.cli("env", "lock", build["env_id"], "--upgrade").stdout == b"rwlow==2.0\n"
    now = server.build(spec)
    assert now["profile_changed"] is False
    assert now["warnings"] == ["rwlow==1.0 → rwlow==2.0: 1.0 does not work here"]


def test_a_run_whose_resolution_failed_tells_what_had_been_decided(installation, server, links):  # noqa: F811
    wheel(links, "pillow", "9.5.0")
    wheel(links, "rwlow", "1.0")
    run = ended(installation, server.submit(pip("pillow==5.4.1", "rwlow==9.9"), "true"))
    assert run["status"] == "Failed" and "rwlow==9.9" in run["error"]["message"]
    assert [w["message"] for w in run["warnings"] if w["source"] == "environment"] == [
        "pillow==5.4.1 → pillow==9.5.0: versions before 8.4 do not work on Python 3.10 and later"]
