"""An interpreter that is used as it is: scripts of another year get the shims that what is installed in it needs."""
import json
import pathlib
import subprocess

SCRIPT = """
from sklearn.externals import joblib
print('kept by', joblib.WHO)
"""
SUBMIT = """
import json, sys
from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace
own = Environment('own')
own.python.user_managed_dependencies, own.python.interpreter_path = True, sys.argv[1]
if len(sys.argv) > 2:
    own.resolver = sys.argv[2]
run = Experiment(Workspace.from_config(), 'own').submit(ScriptRunConfig('scripts', 'train.py', environment=own))
run.wait_for_completion(raise_on_error=False)
print('RESULT ' + json.dumps([run.get_status(), [w['message'] for w in run.get_details().get('warnings', [])], str(run.get_details().get('error'))]))
"""


def install(python, name, version, files):
    """A package as an installer leaves it."""
    site = next(pathlib.Path(python).parents[1].glob("lib/python*/site-packages"))
    info = site / ("%s-%s.dist-info" % (name, version))
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: %s\nVersion: %s\n" % (name, version))
    for path, text in files.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(text)


def test_shims_follow_what_is_installed(installation):
    python = str(installation.home / "own" / "bin" / "python")
    subprocess.run(["/usr/bin/python3", "-m", "venv", "--without-pip", str(installation.home / "own")], check=True)
    installation.write("scripts/train.py", SCRIPT)

    def submit(*arguments):
        out = installation.python(SUBMIT, python, *arguments).stdout.decode()
        return json.loads(out.split("RESULT ")[1])

    status, warnings, error = submit()
    assert (status, warnings) == ("Failed", []) and "No module named 'sklearn'" in error
    # Seen by the next run, without a word to the server.
    install(python, "scikit-learn", "1.2.2", {"sklearn/__init__.py": "", "sklearn/externals/__init__.py": ""})
    install(python, "joblib", "1.3.0", {"joblib.py": "WHO = 'joblib'\n"})
    status, warnings, error = submit()
    assert status == "Completed", error
    assert warnings == ["sklearn.externals.joblib is gone from scikit-learn: joblib was used. Write import joblib."]
    status, warnings, error = submit("exact")
    assert (status, warnings) == ("Failed", []) and "sklearn.externals" in error
