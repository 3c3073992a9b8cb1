"""`Environment.resolver = "exact"`: whatever would be replaced is refused, with the reason and what would have been taken."""
import json

PROGRAM = """
import json, sys
from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace
from azureml.train.dnn import Chainer, PyTorch, TensorFlow
from azureml.train.estimator import Estimator
experiment = Experiment(Workspace.from_config(), 'strict')

def packages(*names):
    made = Environment('packages')
    for name in names:
        made.python.conda_dependencies.add_pip_package(name)
    return ScriptRunConfig('scripts', 'train.py', environment=made)

def image(name):
    made = Environment('image')
    made.python.user_managed_dependencies, made.docker.base_image = True, name
    return ScriptRunConfig('scripts', 'train.py', environment=made)

common = dict(source_directory='scripts', entry_script='train.py', compute_target='local')
cases = {
    'a version without wheels': packages('tensorflow==1.13.1'),
    'a package for GPUs': packages('cupy-cuda100'),
    'an image of the map': image('continuumio/miniconda3'),
    'no GPU': PyTorch(use_gpu=True, **common),
    'a version the profile does not know': PyTorch(framework_version='0.3', **common),
    'a bound that nobody asked for': Chainer(pip_packages=['numpy'], **common),
    'conda packages of the pip index': Estimator(conda_packages=['scikit-learn=0.20'], **common),
}
out = {}
for name, config in cases.items():
    if len(sys.argv) > 1:
        config.run_config.environment.resolver = sys.argv[1]
    run = experiment.submit(config)
    run.wait_for_completion(raise_on_error=False)
    out[name] = [run.get_status(), (run.get_details().get('error') or {}).get('error', {}).get('message', ''), run.get_environment().resolver]
print('RESULT ' + json.dumps(out))
"""
REASONS = {
    "a version without wheels": ("requirements: tensorflow==1.13.1 cannot be had", "nearest would take tensorflow==1.13.1 → "),
    "a package for GPUs": ("cupy-cuda100 → nothing",),
    "an image of the map": ("image.name continuumio/miniconda3 would be replaced, which resolver exact refuses",),
    "no GPU": ("this machine has no GPU",),
    "a version the profile does not know": ("framework.version: pytorch 0.3 is none of the versions of its profile",),
    "a bound that nobody asked for": ("numpy has to be numpy<1.24", "resolver exact adds no bound"),
    "conda packages of the pip index": ("no conda channel can be reached", "exact"),
}


def outcomes(installation, *arguments, **env):
    out = installation.python(PROGRAM, *arguments, env=env).stdout.decode()
    return json.loads(out.split("RESULT ")[1])


def test_every_substitution_is_refused_with_its_reason(installation):
    # No index and no channel: what is refused is refused before anybody is asked.
    config = installation.home / "config" / "pip" / "pip.conf"
    config.parent.mkdir(parents=True)
    config.write_text("[global]\nno-index = true\n")
    installation.env["CONDA_CHANNEL_ALIAS"] = "http://127.0.0.1:9/"
    installation.cli("server", "stop")
    installation.start_server()
    installation.write("scripts/train.py", "print('never')\n")
    found = outcomes(installation, "exact")
    assert set(found) == set(REASONS)
    for name, words in REASONS.items():
        status, message, resolver = found[name]
        assert (status, resolver) == ("Failed", "exact"), (name, found[name])
        assert all(word in message for word in words), "%s: %s" % (name, message)
    # The same for a program that is not changed.
    again = outcomes(installation, RUNWRIGHT_RESOLVER="exact")
    assert {name: said[1] for name, said in again.items()} == {name: said[1] for name, said in found.items()}
