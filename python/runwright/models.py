"""Models: named, versioned files with their lineage."""

import os

from runwright import errors, files


class Model:
    """One version of a model. ``document`` is the server's JSON (schema Model)."""

    def __init__(self, api, workspace_id, document):
        self.api, self.workspace_id, self.document = api, workspace_id, document
        self.name, self.version = document["name"], document["version"]
        self.id = document.get("id") or "%s:%d" % (self.name, self.version)

    def __repr__(self):
        return "Model(%r)" % self.id

    def download(self, target_dir=".", exist_ok=False):
        """See `download`."""
        return download(self.api, self.workspace_id, self.document, target_dir, exist_ok)

    def delete(self):
        """Deletes this version."""
        self.api.delete_model(self.workspace_id, self.name, self.version)


def register_from_path(api, workspace_id, name, path, members=None):
    """Registers a local file or folder as the next version of ``name``; returns the model's JSON. Only blobs that the
    server lacks are sent. members: as in schema ModelNew."""
    path = os.path.normpath(os.path.expanduser(os.fspath(path)))
    base = os.path.basename(os.path.abspath(path))
    if os.path.isdir(path):
        found = [("%s/%s" % (base, relative), full) for relative, full in files.walk(path)]
    elif os.path.isfile(path):
        found = [(base, path)]
    else:
        raise errors.NotFoundError("There is no file or folder %s" % os.path.abspath(path), field="model_path")
    if not found:
        raise errors.InvalidArgumentError("The folder %s holds no file" % path, field="model_path")
    body = dict(members or {}, name=name, files=files.store_blobs(api, found))
    return api.register_model(workspace_id, body)


def register_from_run(run, workspace_id, name, model_path=None, members=None):
    """Registers files of a run; see `runwright.run.Run.register_model`."""
    path = str(model_path if model_path is not None else name)
    body = {key: value for key, value in (members or {}).items() if value is not None}
    body.update(name=name, run_id=run.id, model_path=path)
    run.flush()
    if run.session is not None:
        _store_local(run, path)
    return run.api.register_model(workspace_id, body)


def _store_local(run, path):
    """Inside a run: files below outputs/ or logs/ that were written this moment are not with the server yet. They are
    stored as the scan would store them."""
    try:
        name = files.clean_name(path)
    except errors.InvalidArgumentError:
        return
    if name.split("/")[0] not in ("outputs", "logs") or os.path.isabs(path):
        return
    work = os.path.join(run.session.folder, "work")
    local = os.path.join(work if os.path.isdir(work) else os.getcwd(), name)
    if os.path.isdir(local):
        found = [("%s/%s" % (name, relative), full) for relative, full in files.walk(local)]
    elif os.path.isfile(local):
        found = [(name, local)]
    else:
        return
    for one in files.store_blobs(run.api, found):
        run.api.add_artifact(run.id, one["path"], one["digest"], one["size"], source="scan")


def download(api, workspace_id, document, target_dir=".", exist_ok=False):
    """Fetches a model's files below ``target_dir``; returns the path of its file, or of the folder that holds them.

    A file that is there already is a ConflictError unless exist_ok.
    """
    if "files" not in document:
        document = api.get_model(workspace_id, document["name"], document["version"])
    paths = [files.clean_name(one["path"]) for one in document.get("files") or ()]
    if not paths:
        raise errors.NotFoundError("Model %s:%s has no file" % (document["name"], document["version"]))
    for path in paths:
        target = os.path.join(target_dir, path)
        if os.path.exists(target) and not exist_ok:
            raise errors.ConflictError(
                "%s exists already. Pass exist_ok=True to replace it" % target, field="target_dir"
            )
    for path in paths:
        target = os.path.join(target_dir, path)
        files.make_parent(target)
        api.download_model_file(workspace_id, document["name"], document["version"], path, target)
    roots = sorted({path.split("/")[0] for path in paths})
    return os.path.join(target_dir, roots[0]) if len(roots) == 1 else os.path.join(target_dir, "")
