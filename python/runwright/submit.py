"""Submission: hash the source folder, POST the run, send the snapshot only when the server lacks it."""

from runwright import errors, gitinfo
from runwright.run import mint_run_id

_MAX_ATTEMPTS = 3


def submit(api, workspace_id, experiment, folder=None, progress=None, record_git=True, **members):
    """Submits a run and returns its document (status Starting) at once.

    folder: the source folder (None: no snapshot). members: as in schema RunNew: script or command, arguments, target,
    environment (docs/dev/formats/environment.md), environment_variables, tags, properties, warnings, run_definition …;
    None is left out. progress: called with (bytes sent, bytes in all) while a snapshot is sent. A snapshot that the
    server has costs no request of its own.
    """
    body = {key: value for key, value in members.items() if value is not None}
    body["experiment"] = experiment
    body.setdefault("run_id", mint_run_id(experiment))
    snapshot = None
    if folder is not None:
        from runwright import snapshot as snapshots

        git = gitinfo.GitQuery(folder) if record_git else None
        snapshot = snapshots.build(folder)
        body["snapshot_id"] = snapshot.id
        if git is not None:
            body["properties"] = dict(git.properties(), **body.get("properties") or {})
    for attempt in range(_MAX_ATTEMPTS):
        try:
            return api.submit_run(workspace_id, body)
        except errors.FailedPreconditionError as error:
            if snapshot is None or error.field != "snapshot_id" or attempt == _MAX_ATTEMPTS - 1:
                raise
        try:
            snapshot.upload(api, progress)
        except errors.ConflictError:  # a file changed after it was hashed
            snapshot = snapshots.build(folder)
            body["snapshot_id"] = snapshot.id
