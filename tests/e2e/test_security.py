"""No token reaches an argv or an environment; nothing but /healthz answers without one."""
import urllib.error
import urllib.request

from waiting import wait_for

SCRIPT = """
import os, time
print(sorted(os.environ))
open('outputs/up', 'w').close()
while not os.path.exists('outputs/stop'):
    time.sleep(0.01)
"""


def test_no_token_in_argv_or_environment(installation):
    installation.write("train.py", SCRIPT)
    run_id = installation.json("submit", "train.py")["id"]
    outputs = installation.run_dir(run_id) / "work" / "outputs"
    wait_for(lambda: (outputs / "up").exists(), what="the script")
    grant = (installation.run_dir(run_id) / "state" / "grant.json").read_text()
    secrets = [installation.token()] + [w for w in grant.replace('"', " ").split() if len(w) == 64]
    assert len(secrets) >= 2
    for pid, argv, environ in installation.processes():
        for secret in secrets:
            assert secret.encode() not in argv + environ, "process %d shows a token: %r" % (pid, argv)
    (outputs / "stop").write_text("")
    wait_for(lambda: installation.json("runs", "show", run_id)["status"] == "Completed", what="the run's end")


def test_401_without_a_token(installation):
    url = installation.config()["server"]
    assert urllib.request.urlopen(url + "/healthz").status == 200
    for path in ("/api/v1/workspaces", "/api/v1/openapi.yaml", "/runs/x", "/api/v1/nonsense"):
        try:
            urllib.request.urlopen(url + path)
            raise AssertionError(path + " answered without a token")
        except urllib.error.HTTPError as error:
            assert error.code == 401, path


def test_a_run_sees_only_its_environment(installation):
    installation.env["SECRET_OF_THE_SHELL"] = "x"
    installation.cli("server", "stop")
    installation.start_server()
    installation.write("env.py", "import os\nprint(sorted(os.environ))\n")
    run_id = installation.json("submit", "env.py")["id"]
    wait_for(lambda: installation.json("runs", "show", run_id)["status"] == "Completed", what="the run's end")
    log = installation.cli("logs", run_id).stdout.decode()
    assert "SECRET_OF_THE_SHELL" not in log
    for name in ("PATH", "HOME", "TMPDIR", "AZUREML_RUN_ID"):
        assert name in log
