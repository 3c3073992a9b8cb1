"""Part of `runwright.run.Run`: its files and models."""

from runwright import errors


class RunFiles:
    """Base of Run; the work is in `runwright.files` and `runwright.models`."""

    def files(self, prefix=None):
        """Names of the run's files, sorted."""
        return [one["name"] for one in self._asking().list_artifacts(self.id, prefix)]

    def upload_file(self, name, path_or_stream):
        """Stores a file under ``name``; a name that an upload took before is a ConflictError."""
        from runwright import files

        return files.upload(self._ready(), self.id, name, path_or_stream)

    def upload_files(self, names, paths):
        """Stores several files; the two lists go together."""
        names, paths = list(names), list(paths)
        if len(names) != len(paths):
            raise errors.InvalidArgumentError("%d names for %d paths" % (len(names), len(paths)), field="names")
        for name, path in zip(names, paths):
            self.upload_file(name, path)

    def upload_folder(self, name, path):
        """Stores every file below ``path`` as ``name/…``. Returns the names."""
        from runwright import files

        return files.upload_folder(self._ready(), self.id, name, path)

    def download_file(self, name, output_path=None, progress=None):
        """Fetches one file, verified. output_path: a file or a folder; None: its base name here. Returns the path."""
        from runwright import files

        return files.download(self._asking(), self.id, name, output_path, progress)

    def download_files(self, prefix=None, output_directory=None, output_paths=None, append_prefix=True):
        """Fetches the files whose names begin with ``prefix``. Returns the paths."""
        from runwright import files

        return files.download_many(
            self._asking(), self.id, prefix, output_directory, output_paths, append_prefix
        )

    def register_model(self, name, model_path=None, **members):
        """Registers files of the run as the next version of a model; members as in schema ModelNew. Returns the
        model's JSON. model_path: a file or folder of the run, default: the model's name. Inside of a run a file that
        was just written is stored first."""
        from runwright import models

        return models.register_from_run(self, self._workspace_id(), name, model_path, members)

