"""Which server, which token, which workspace: config.json, the credential file and the environment.

Order of the server look-up: the one that is named; ``RUNWRIGHT_SERVER``; inside a run its executor; the workspace
already loaded in this process; config.json in the current folder or its parents; the only entry of the credential
file. Anything else is an error that lists the choices.
"""

import os

from runwright import _session, errors

CONFIG_PLACES = ("config.json", os.path.join(".azureml", "config.json"), os.path.join("aml_config", "config.json"))
WORKSPACE_KEYS = ("subscription_id", "resource_group", "workspace_name")


# config.json


def config_candidates(start=None):
    """Paths where config.json is looked for: ``start`` (default: the current folder), then each parent."""
    folder = os.path.abspath(start or os.getcwd())
    while True:
        for place in CONFIG_PLACES:
            yield os.path.join(folder, place)
        parent = os.path.dirname(folder)
        if parent == folder:
            return
        folder = parent


def find_config(path=None, file_name=None):
    """``(path of config.json or None, places that were looked at)``.

    path: a file, or the folder to begin in. file_name: another name than config.json. A config.json that names no
    workspace belongs to some other program and is passed over.
    """
    if path and os.path.isfile(path):
        return os.path.abspath(path), [os.path.abspath(path)]
    looked = []
    for candidate in config_candidates(path):
        if file_name:
            candidate = os.path.join(os.path.dirname(candidate), file_name)
        looked.append(candidate)
        if os.path.isfile(candidate) and _names_workspace(candidate):
            return candidate, looked
    return None, looked


def _names_workspace(path):
    try:
        return bool(_read_json(path).get("workspace_name"))
    except (OSError, ValueError, AttributeError):
        return False


def passed_over(looked):
    """``path (why)`` for each config.json of ``looked`` that is there and names no workspace."""
    found = []
    for path in looked:
        if os.path.isfile(path) and not _names_workspace(path):
            try:
                _read_json(path)
                found.append("%s (it has no workspace_name)" % path)
            except (OSError, ValueError) as error:
                found.append("%s (it cannot be read: %s)" % (path, error))
    return found


def _read_json(path):
    import json

    with open(path, "rb") as file:
        return json.loads(file.read().decode("utf-8-sig"))


def read_config(path):
    """The members of a config.json: subscription_id, resource_group, workspace_name and perhaps server.

    Raises InvalidArgumentError when it is not JSON or a key is missing.
    """
    try:
        document = _read_json(path)
    except (OSError, ValueError) as error:
        raise errors.InvalidArgumentError("%s cannot be read: %s" % (path, error), field="config.json")
    missing = [key for key in WORKSPACE_KEYS if not (isinstance(document, dict) and document.get(key))]
    if missing:
        raise errors.InvalidArgumentError(
            "%s lacks %s. `runwright init` writes a complete one" % (path, ", ".join(missing)), field=missing[0]
        )
    return document


def write_config(folder, workspace, server=None, file_name=None):
    """Writes ``folder/.azureml/config.json`` (by rename) and returns its path.

    workspace: dict with WORKSPACE_KEYS. server: the URL, where it is known.
    """
    import json

    target = os.path.join(folder, ".azureml", file_name or "config.json")
    document = {key: workspace[key] for key in WORKSPACE_KEYS}
    if server and not server.startswith("unix:"):
        document["server"] = server
    os.makedirs(os.path.dirname(target), exist_ok=True)
    _write_by_rename(target, json.dumps(document, indent=4) + "\n", 0o644)
    return target


def _write_by_rename(target, text, mode):
    part = "%s.%d.tmp" % (target, os.getpid())
    fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    with os.fdopen(fd, "wb") as file:
        file.write(text.encode("utf-8"))
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, target)


# Credentials


def credentials_path():
    """``~/.config/runwright/credentials.json``, below ``$XDG_CONFIG_HOME`` where it is set."""
    base = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    return os.path.join(base, "runwright", "credentials.json")


def load_credentials():
    """Entries ``{server, host, token, workspaces}`` that count here: a loopback server counts on its own host only."""
    path = credentials_path()
    try:
        document = _read_json(path)
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise errors.FailedPreconditionError("The credential file %s cannot be read: %s" % (path, error))
    entries = document.get("servers") if isinstance(document, dict) else None
    return [entry for entry in entries or () if isinstance(entry, dict) and _counts_here(entry)]


def _counts_here(entry):
    from runwright._url import parse_url

    try:
        host = parse_url(str(entry.get("server", "")))[1]
    except errors.RunwrightError:
        return False
    loopback = host in ("localhost", "::1") or host.startswith("127.")
    return not loopback or not entry.get("host") or entry["host"] == os.uname().nodename


def _same_server(a, b):
    return str(a).rstrip("/") == str(b).rstrip("/")


def entry_of(server, entries=None):
    """The credential entry of a server, or None."""
    for entry in load_credentials() if entries is None else entries:
        if _same_server(entry.get("server"), server):
            return entry
    return None


def token_of(server):
    """The token for a server: RUNWRIGHT_TOKEN where RUNWRIGHT_SERVER names it, the credential file, then
    RUNWRIGHT_TOKEN where no RUNWRIGHT_SERVER says that it belongs elsewhere. None where there is none."""
    token, named = os.environ.get("RUNWRIGHT_TOKEN"), os.environ.get("RUNWRIGHT_SERVER")
    if token and named and _same_server(named, server):
        return token
    entry = entry_of(server)
    if entry and entry.get("token"):
        return entry["token"]
    return token if token and not named else None


def remember_workspace(server, workspace):
    """Notes in the credential file that ``server`` holds ``workspace`` (dict with WORKSPACE_KEYS), so that a
    config.json with only Azure's three keys finds it. Nothing happens where the server has no entry."""
    import fcntl
    import json

    path = credentials_path()
    if not os.path.exists(path):
        return
    keys = {key: workspace[key] for key in WORKSPACE_KEYS}
    with open(path + ".lock", "ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        document = _read_json(path)
        entry = entry_of(server, [one for one in document.get("servers") or [] if _counts_here(one)])
        if entry is None or keys in entry.setdefault("workspaces", []):
            return
        entry["workspaces"].append(keys)
        _write_by_rename(path, json.dumps(document, indent=2) + "\n", 0o600)


# Which server


class Target:
    """Where to go: ``server`` (URL), ``token``, ``session`` (inside a run, else None), ``source`` (what decided)."""

    def __init__(self, server, token, source, session=None):
        self.server, self.token, self.source, self.session = server, token, source, session

    def api(self):
        """An `Api` for it; Unauthenticated where no token is known."""
        if self.session is not None:
            return self.session.api
        if not self.token:
            raise errors.UnauthenticatedError(
                "There is no token for %s (%s). Put it into RUNWRIGHT_TOKEN, or run `runwright init --server %s`, which "
                "asks for it and keeps it in %s" % (self.server, self.source, self.server, credentials_path())
            )
        from runwright._http import Client
        from runwright.client import Api

        return Api(Client(self.server, self.token))


def resolve(server=None, config=None, workspace=None):
    """The `Target` by the order above.

    server: URL that the caller names. config: a config.json's members (already read). workspace: dict of
    WORKSPACE_KEYS that is wanted: among several servers the one that is known to hold it is taken.
    """
    if server:
        return Target(server, token_of(server), "named by the caller")
    named = os.environ.get("RUNWRIGHT_SERVER")
    if named:
        return Target(named, token_of(named), "RUNWRIGHT_SERVER")
    session = _session.run_session()
    if session is not None:
        return Target(session.info.get("server_url"), None, "this run's executor", session)
    if config is None and _session.loaded():
        return Target(_session.loaded()[0], _session.loaded()[1], "the workspace loaded in this process")
    path = None
    if config is None:
        path, _ = find_config()
        config = read_config(path) if path else None
    if config and config.get("server"):
        return Target(config["server"], token_of(config["server"]), path or "config.json")
    entries = load_credentials()
    wanted = workspace or config
    if wanted:
        holders = [e for e in entries if any(_same_workspace(wanted, k) for k in e.get("workspaces") or ())]
        if len(holders) == 1:
            return Target(holders[0]["server"], token_of(holders[0]["server"]), credentials_path())
    if len(entries) == 1:
        return Target(entries[0]["server"], entries[0].get("token"), credentials_path())
    raise errors.FailedPreconditionError(_choices(entries, wanted), field="server")


def _same_workspace(wanted, known):
    return all(not wanted.get(key) or wanted[key] == known.get(key) for key in WORKSPACE_KEYS)


def _choices(entries, wanted):
    name = " for workspace %r" % wanted["workspace_name"] if wanted and wanted.get("workspace_name") else ""
    if not entries:
        return (
            "No Runwright server is known%s. Start one with `runwright init` (or `runwright server`), or set "
            "RUNWRIGHT_SERVER and RUNWRIGHT_TOKEN; looked at: RUNWRIGHT_SERVER, config.json in %s and its parents, %s"
            % (name, os.getcwd(), credentials_path())
        )
    lines = ["Several Runwright servers are known%s and nothing says which one is meant:" % name]
    for entry in entries:
        names = ", ".join(str(one.get("workspace_name")) for one in entry.get("workspaces") or ())
        lines.append("  %s%s" % (entry.get("server"), "  (workspaces: %s)" % names if names else ""))
    lines.append('Set RUNWRIGHT_SERVER to one of them, or put "server" into config.json.')
    return "\n".join(lines)
