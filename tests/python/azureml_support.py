"""A server in memory for the tests of the `azureml` package."""

import sys

from runwright import errors

WORKSPACE = {
    "id": "w1", "name": "lab", "subscription_id": "00000000-0000-0000-0000-000000000001", "resource_group": "runwright",
    "location": "local", "created_time": "2026-11-21T12:00:00.000000Z",
}

CURATED = [
    {"name": "AzureML-Minimal", "description": "Python alone", "spec": {"kind": "pip"}},
    {"name": "AzureML-PyTorch-1.6-GPU", "description": "PyTorch 1.6", "spec": {
        "kind": "pip", "python": "3.8", "requirements": ["pillow"], "framework": {"name": "pytorch", "version": "1.6", "gpu": True}}},
]


class FakeApi:
    """What `runwright.client.Api` offers, answered from dicts. ``submitted``: bodies of submitted runs."""

    url = "http://127.0.0.1:4321"

    def __init__(self):
        self.runs, self.computes, self.models, self.environments = {}, {}, [], []
        self.submitted, self.events = [], []
        self.secrets, self.builds = {}, {}
        self.computes["local"] = {"name": "local", "type": "Local", "provisioning_state": "Succeeded"}

    def workspace(self):
        from azureml.core import Workspace

        return Workspace(_api=self, _document=dict(WORKSPACE))

    # Runs.

    def run(self, run_id="exp_1700000000_0a1b2c3d", **members):
        document = {
            "id": run_id, "number": 1, "workspace_id": "w1", "experiment": run_id.rsplit("_", 2)[0], "type": "azureml.scriptrun",
            "status": "Queued", "target": "local", "created_time": "2026-11-21T12:00:00.000000Z",
            "portal_url": self.url + "/runs/" + run_id, "log_files": ["azureml-logs/70_driver_log.txt"],
            "warnings": [], "tags": {}, "properties": {}, "arguments": [],
        }
        document.update(members)
        self.runs[run_id] = document
        return document

    def submit_run(self, ws, body):
        if body.get("target", "local") not in self.computes:
            raise errors.NotFoundError("There is no compute target", field="target")
        self.submitted.append(body)
        return self.run(body["run_id"], **{k: v for k, v in body.items() if k != "run_id"})

    def get_run(self, run_id):
        if run_id not in self.runs:
            raise errors.NotFoundError("There is no run " + run_id)
        return self.runs[run_id]

    def list_runs(self, ws, experiment=None, status=None, tags=None, properties=None, parent=None, type=None,
                  include_children=False, limit=None):
        tags = {tags: None} if isinstance(tags, str) else tags or {}
        for document in reversed(list(self.runs.values())):
            have = document["tags"] or {}
            if experiment in (None, document["experiment"]) and all(
                    key in have and value in (None, have[key]) for key, value in tags.items()):
                yield document

    def follow_logs(self, run_id, offsets=None, name=None, follow=True, timeout=60):
        for event in self.events:
            if isinstance(event, BaseException):
                raise event
            yield event

    def get_metrics(self, run_id, name=None):
        return self.runs[run_id].get("metrics", [])

    def list_artifacts(self, run_id, prefix=None):
        return ({"name": name} for name in self.runs[run_id].get("files", []))

    def download_artifact(self, run_id, name, target, progress=None):
        if name not in self.runs[run_id].get("files", []):
            raise errors.NotFoundError("no file " + name)
        with open(target, "w") as file:
            file.write("content of " + name)
        return 1

    # Computes.

    def get_compute(self, ws, name):
        if name not in self.computes:
            raise errors.NotFoundError("There is no compute target " + name)
        return dict(self.computes[name])

    def list_computes(self, ws):
        return iter(list(self.computes.values()))

    def create_compute(self, ws, body):
        if "vm_size" in body and body["vm_size"].upper() not in ("STANDARD_NC6", "STANDARD_D2_V2"):
            raise errors.InvalidArgumentError("vm_size %s is unknown. Near: STANDARD_NC6" % body["vm_size"], field="vm_size")
        document = dict(body, provisioning_state="Succeeded", allocation_state="Steady", current_node_count=body["min_nodes"],
                        target_node_count=body["min_nodes"], created_time="2026-11-21T12:00:00.000000Z",
                        modified_time="2026-11-21T12:00:00.500000Z", state_time="2026-11-21T12:00:01.000000Z",
                        nodes=[{"id": "n%d" % i, "state": "idle", "run_id": None} for i in range(body["min_nodes"])])
        self.computes[body["name"]] = document
        return dict(document)

    def update_compute(self, ws, name, **members):
        self.computes[name].update({k: v for k, v in members.items() if v is not None})
        return dict(self.computes[name])

    def delete_compute(self, ws, name):
        del self.computes[name]

    def list_vm_sizes(self):
        return iter([{"name": "Standard_NC6", "vcpus": 6, "memory_gib": 56, "gpus": 1}])

    # Models.

    def register_model(self, ws, body):
        if body.get("model_path") == "nothing.pkl":
            raise errors.NotFoundError("no such file", field="model_path")
        version = 1 + sum(1 for model in self.models if model["name"] == body["name"])
        document = dict({"tags": {}, "properties": {}, "run_id": None}, **body)
        document.update(version=version, id="%s:%d" % (body["name"], version), created_time="2026-11-21T12:00:00.250000Z")
        self.models.append(document)
        return document

    def get_model(self, ws, name, version=None):
        found = [m for m in self.models if m["name"] == name and version in (None, m["version"])]
        if not found:
            raise errors.NotFoundError("There is no model " + name)
        return found[-1]

    def list_models(self, ws, name=None, tag=None, run=None, latest=None):
        seen = set()
        for model in reversed(self.models):
            if name in (None, model["name"]) and run in (None, model["run_id"]) and not (latest and model["name"] in seen):
                seen.add(model["name"])
                yield model

    def update_model(self, ws, name, version, body):
        model = self.get_model(ws, name, version)
        model["tags"] = {k: v for k, v in dict(model["tags"], **body.get("tags", {})).items()
                         if k not in body.get("remove_tags", [])}
        return model

    def delete_model(self, ws, name, version):
        self.models.remove(self.get_model(ws, name, version))

    def download_model_file(self, ws, name, version, path, target, progress=None):
        with open(target, "w") as file:
            file.write("%s %s" % (name, path))

    def find_missing(self, digests):
        return []

    # Environments and experiments.

    def register_environment(self, ws, name, definition, spec):
        have = [one for one in self.environments if one["name"] == name]
        if have and have[-1]["definition"] == definition:
            return have[-1]
        self.environments.append({"name": name, "version": str(len(have) + 1), "workspace_id": ws, "definition": definition, "spec": spec})
        return self.environments[-1]

    def get_environment(self, ws, name, version=None):
        found = [one for one in self.environments if one["name"] == name and version in (None, one["version"])]
        if not found:
            raise errors.NotFoundError("There is no environment " + name)
        return found[-1]

    def list_environments(self, ws):
        return iter({one["name"]: one for one in self.environments}.values())

    def list_curated_environments(self):
        return iter(CURATED)

    def set_secret(self, ws, name, value):
        self.secrets[name] = value

    def start_build(self, spec):
        from runwright.environment_spec import env_id

        self.builds[env_id(spec)] = {"state": "Building", "log": "Resolving\n"}
        return {"env_id": env_id(spec), "state": "Building"}

    def get_build(self, env_id, log_from=None):
        if env_id not in self.builds:
            raise errors.NotFoundError("no build for environment " + env_id)
        build = dict(self.builds[env_id], log=self.builds[env_id]["log"][log_from or 0:])
        self.builds[env_id].update(state="Ready", log="Resolving\nReady\n", lock="pandas==1.1\n", build_id="b1")
        return build

    def list_experiments(self, ws, view=None):
        return ({"name": name, "id": name} for name in sorted({run["experiment"] for run in self.runs.values()}))

    def create_experiment(self, ws, name):
        return {"name": name, "id": "id of " + name}


def forget_warnings():
    """Warnings of the SDK are printed again."""
    module = sys.modules.get("azureml._sdk.warn")
    if module:
        module._SEEN.clear()
