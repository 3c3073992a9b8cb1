"""ScriptRun: what `Experiment.submit` returns for a script."""

from azureml._sdk.run import Run


class ScriptRun(Run):
    """A submitted run of a script."""

    @property
    def run_config(self):
        """The RunConfiguration that it was submitted with."""
        from azureml._sdk.runconfig import RunConfiguration

        return RunConfiguration._from_definition(self._native.document().get("run_definition") or {})
