"""Compute targets: where runs go."""

import time

from runwright import errors


class Compute:
    """A compute target of a workspace. ``document`` is the server's JSON (schema Compute)."""

    def __init__(self, api, workspace_id, document):
        self.api, self.workspace_id, self.document = api, workspace_id, document
        self.name = document["name"]

    def __repr__(self):
        return "Compute(%r)" % self.name

    def refresh(self):
        """Looks again; returns the document."""
        self.document = self.api.get_compute(self.workspace_id, self.name)
        return self.document

    def update(self, min_nodes=None, max_nodes=None, idle_seconds_before_scaledown=None, env_root=None):
        """Changes its limits, and where its nodes keep environments ("": they use the server's); None leaves one as it
        is."""
        self.document = self.api.update_compute(
            self.workspace_id,
            self.name,
            min_nodes=min_nodes,
            max_nodes=max_nodes,
            idle_seconds_before_scaledown=idle_seconds_before_scaledown,
            env_root=env_root,
        )
        return self.document

    def delete(self):
        """Deletes it; refused while runs use it."""
        self.api.delete_compute(self.workspace_id, self.name)

    def wait(self, min_node_count=None, timeout_seconds=1500):
        """Waits until it is provisioned and has ``min_node_count`` nodes (default: its min_nodes)."""
        deadline = time.time() + timeout_seconds
        pause = 0.05
        while True:
            document = self.refresh()
            wanted = document.get("min_nodes") or 0 if min_node_count is None else int(min_node_count)
            state = document.get("provisioning_state", "Succeeded")
            enough = (document.get("current_node_count") or 0) >= wanted
            if state == "Failed" or state == "Succeeded" and enough:
                return document
            if time.time() > deadline:
                raise errors.DeadlineExceededError(
                    "Compute target %s has %s of %d nodes after %g s (%s)"
                    % (self.name, document.get("current_node_count"), wanted, timeout_seconds, state)
                )
            time.sleep(pause)
            pause = min(1.0, pause * 2)
