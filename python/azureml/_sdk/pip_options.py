"""Options of a pip section: indexes, constraints, editable packages, passwords in URLs."""

import os
import re

from azureml._sdk.exceptions import UserErrorException

_NAMED = re.compile(r"\{\{\s*secret:([A-Za-z0-9-]+)\s*\}\}\Z")
_URL = re.compile(r"((?:[a-z]+\+)?(https?)://)([^/?#@\s]*)@([^/?#\s]*)([^?#\s]*)")


class PipOptions:
    """``lines``: option lines. folder: what relative paths are meant from. local: the server is on this machine."""

    def __init__(self, lines, folder, local, secrets):
        self._folder, self._local, self._secrets = folder or ".", local, secrets
        self._credentials = {}
        self.index_url, self.extra_index_urls, self.find_links = None, [], []
        self.constraints, self.editables, self.others = [], [], []
        for line in lines:
            option, value = (re.split(r"[\s=]+", line.strip(), maxsplit=1) + [""])[:2]
            self._take(option, value.strip().strip("\"'"), line)

    def _take(self, option, value, line):
        if option in ("--index-url", "-i"):
            self.index_url = self.without_password(value)
        elif option == "--extra-index-url":
            self.extra_index_urls.append(self.without_password(value))
        elif option in ("--find-links", "-f"):
            self.find_links.append(self._place(value, line))
        elif option in ("-c", "--constraint"):
            self.constraints += _constraints(os.path.join(self._folder, value))
        elif option in ("-e", "--editable"):
            self.editables.append("-e " + self._place(value, line))
        elif option in ("-r", "--requirement"):
            raise UserErrorException(
                "The pip option %r cannot be used here: list the packages, or take them from a file by "
                "pip_requirements_file= or Environment.from_pip_requirements." % line)
        else:
            self.others.append(line)

    def _place(self, value, line):
        """A URL, or a path as the server sees it."""
        if "://" in value:
            return self.without_password(value)
        if not self._local and not os.path.isabs(value):
            raise UserErrorException("The pip option %r names a folder of this machine, which the server does not see: "
                                     "use an absolute path of its machine, or a URL." % line)
        return os.path.abspath(os.path.join(self._folder, value))

    def without_password(self, text):
        """A URL or requirement without the user and password in it, which become a credential of the spec."""
        return _URL.sub(self._credential, text)

    def _credential(self, match):
        start, scheme, _, host, path = match.groups()
        place, secret = "%s://%s/" % (scheme, host), _secret_of(match, self._secrets)
        if self._credentials.setdefault(place, secret) != secret:  # of another user at the same host
            self._credentials["%s://%s%s" % (scheme, host, path)] = secret
        return start + host + path

    def credentials(self):
        """``[{"url", "secret"}]``."""
        return [{"url": url, "secret": secret} for url, secret in sorted(self._credentials.items())]


def hide_passwords(text):
    """The same line with the names of secrets in place of users and passwords in its URLs."""
    from azureml._sdk.secrets import Secrets

    return _URL.sub(lambda match: "%s{{secret:%s}}@%s%s" % (
        match.group(1), _secret_of(match, Secrets()), match.group(4), match.group(5)), text)


def _secret_of(match, secrets):
    from urllib.parse import unquote

    _, scheme, user_info, host, _ = match.groups()
    text = unquote(user_info)
    named = _NAMED.match(text)
    return named.group(1) if named else secrets.add("index", "%s://%s/" % (scheme, host), text.split(":")[0], text)


def _constraints(path):
    """Lines of a constraints file without comments."""
    from azureml._sdk.requirements_file import read_requirements

    return [line for line in read_requirements(path) if not line.startswith("-")]
