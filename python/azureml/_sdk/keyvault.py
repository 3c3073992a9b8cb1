"""Keyvault: the secrets of a workspace, kept by the server."""

from azureml._sdk.calls import sdk_errors
from azureml._sdk.exceptions import UserErrorException


class Keyvault:
    """workspace: whose secrets. A name has 1 to 127 letters, digits and dashes; case does not count."""

    def __init__(self, workspace, vault_url=None, **kwargs):
        self._workspace = workspace

    def _call(self, method, *args):
        return getattr(self._workspace._api, method)(self._workspace._workspace_id, *args)

    @sdk_errors
    def set_secret(self, name, value):
        """Keeps a secret; an existing one is replaced."""
        self._call("set_secret", name, _text(name, value))

    @sdk_errors
    def set_secrets(self, secrets_batch):
        """Keeps a dict of secrets."""
        for name, value in dict(secrets_batch).items():
            self._call("set_secret", name, _text(name, value))

    @sdk_errors
    def get_secret(self, name):
        """The value; UserErrorException where there is none of that name."""
        return self._call("get_secret", name)["value"]

    @sdk_errors
    def get_secrets(self, secrets):
        """name → value; None for those that are not there."""
        from runwright.errors import NotFoundError

        found = {}
        for name in [secrets] if isinstance(secrets, str) else secrets:
            try:
                found[name] = self._call("get_secret", name)["value"]
            except NotFoundError:
                found[name] = None
        return found

    @sdk_errors
    def list_secrets(self, max_results=None):
        """A list of ``{"name": name}``, by name; no values."""
        names = [{"name": one["name"]} for one in self._call("list_secrets")]
        return names if max_results is None else names[:max_results]

    @sdk_errors
    def delete_secret(self, name):
        """Removes a secret."""
        self._call("delete_secret", name)

    @sdk_errors
    def delete_secrets(self, secrets):
        """Removes a list of secrets."""
        for name in [secrets] if isinstance(secrets, str) else secrets:
            self._call("delete_secret", name)

    def __repr__(self):
        return "Keyvault(workspace=%r)" % self._workspace.name


def _text(name, value):
    if isinstance(value, str):
        return value
    raise UserErrorException("The value of the secret %r must be text, not %s." % (name, type(value).__name__))
