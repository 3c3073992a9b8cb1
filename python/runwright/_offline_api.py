"""The part of `runwright.client.Api` that an offline run answers by itself, from its own folder."""

import os

from runwright import errors, journal, local_runs
from runwright._replay import Replay


class OfflineApi:
    """session: the `OfflineSession`. Whatever needs a server raises FailedPreconditionError."""

    url = ""

    def __init__(self, session):
        self._session = session
        self._replay = Replay(session.writer.folder, session.info)

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        raise errors.UnavailableError(
            "This needs a server, and run %s is an offline run. Submit the script (experiment.submit, `runwright submit`), "
            "or send what it logged with `runwright sync %s`." % (self._session.run_id, self._session.folder))

    # Runs and metrics.

    def get_run(self, run):
        return self._state(run).document()

    def _state(self, run):
        state = self._replay.runs().get(run)
        if state is None:
            raise errors.NotFoundError("There is no run %s below the offline run %s" % (run, self._session.run_id))
        return state

    def list_runs(self, ws, experiment=None, status=None, tags=None, properties=None, parent=None, type=None,
                  include_children=False, limit=None):
        from runwright._run_children import matches

        found = [state.document() for state in reversed(list(self._replay.runs().values())) if state.parent_id == parent]
        return iter([one for one in found if matches(one, tags, properties, type, status)][:limit])

    def get_metrics(self, run, name=None):
        return [metric for key, metric in sorted(self._state(run).metrics.items()) if name in (None, key)]

    def get_metrics_recursive(self, run, name=None):
        below, runs = [run], self._replay.runs()
        self._state(run)
        for one in below:
            below.extend(key for key, state in runs.items() if state.parent_id == one)
        return {one: self.get_metrics(one, name) for one in below}

    def cancel_run(self, run):
        self._session.writer.record(journal.END, {"run_id": run, "status": "Canceled"})
        return self.get_run(run)

    def update_run(self, run, display_name=None, **members):
        raise errors.UnavailableError("An offline run's name is given when `runwright sync` has sent it.")

    # Files.

    def _path(self, run, name):
        return os.path.join(self._session.folder, "files", run, *name.split("/"))

    def list_artifacts(self, run, prefix=None):
        top = os.path.join(self._session.folder, "files", run)
        found = []
        for folder, _, names in os.walk(top):
            for name in names:
                path = os.path.join(folder, name)
                found.append({"name": os.path.relpath(path, top), "size": os.path.getsize(path), "live": False,
                              "source": "upload"})
        return iter(sorted((one for one in found if one["name"].startswith(prefix or "")), key=lambda one: one["name"]))

    def upload_artifact(self, run, name, body):
        path = self._path(run, name)
        if os.path.exists(path):
            raise errors.ConflictError("Run %s has a file %s already; a name is taken once" % (run, name), field="name")
        self._session.writer.flush_memory()
        local_runs.write_info(self._session.folder, self._session.info)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        part = path + ".part"
        with open(part, "wb") as out:
            while True:
                data = body if isinstance(body, bytes) else body.read(1 << 20)
                out.write(data)
                if not data or isinstance(body, bytes):
                    break
        os.replace(part, path)
        return {"name": name, "size": os.path.getsize(path)}

    def download_artifact(self, run, name, target, progress=None):
        try:
            source = open(self._path(run, name), "rb")
        except OSError:
            raise errors.NotFoundError("run %s has no file %r" % (run, name), field="name")
        import shutil

        with source:
            if hasattr(target, "write"):
                shutil.copyfileobj(source, target)
            else:
                with open(target, "wb") as out:
                    shutil.copyfileobj(source, out)
        return os.path.getsize(self._path(run, name))
