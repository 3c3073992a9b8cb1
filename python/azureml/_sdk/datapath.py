"""DataPath: a place of files, and the outputs of a run as one."""

from azureml._sdk.exceptions import UserErrorException


class DataPath:
    """A path in a datastore. Datastores are not part of this release; what `Run._get_outputs_datapath` gives is."""

    def __init__(self, datastore=None, path_on_datastore=None, name=None):
        self._datastore, self.path_on_datastore, self._name = datastore, path_on_datastore, name

    @property
    def datastore_name(self):
        return getattr(self._datastore, "name", self._datastore)

    def __repr__(self):
        return "%s(datastore=%r, path_on_datastore=%r)" % (
            type(self).__name__, self.datastore_name, self.path_on_datastore)


class RunOutputs(DataPath):
    """The files of a run below ``path``; what ``resume_from=`` takes."""

    def __init__(self, run_id, path="outputs"):
        super().__init__(None, "%s/%s" % (run_id, path))
        self.run_id, self.path = run_id, path


def resume_of(value):
    """``{"run_id", "path"}`` of what the user gave as resume_from."""
    from azureml._sdk.run import Run

    if isinstance(value, RunOutputs):
        return {"run_id": value.run_id, "path": value.path}
    if isinstance(value, Run):
        return {"run_id": value.id, "path": "outputs"}
    if isinstance(value, (list, tuple)) and len(value) == 1:
        return resume_of(value[0])
    raise UserErrorException(
        "resume_from must be the outputs of an earlier run: run._get_outputs_datapath(), or the run itself; not %r. "
        "Datastores are not part of this release." % (value,))
