"""What `AmlCompute.get_status` gives."""

from datetime import datetime

_STATES = ("preparing", "running", "idle", "unusable", "leaving", "preempted")


def parsed_time(text):
    """A naive UTC datetime of the server's text; None stays None."""
    if not text:
        return None
    whole, _, fraction = text.rstrip("Z").partition(".")
    return datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S").replace(microsecond=int((fraction + "000000")[:6]))


class ScaleSettings:
    """Limits of a cluster; times in seconds."""

    def __init__(self, document):
        self.minimum_node_count = document.get("min_nodes") or 0
        self.maximum_node_count = document.get("max_nodes")
        self.idle_seconds_before_scaledown = document.get("idle_seconds_before_scaledown")

    def serialize(self):
        """As the SDK prints it: camelCase, the time as an ISO duration."""
        return {"minNodeCount": self.minimum_node_count, "maxNodeCount": self.maximum_node_count,
                "nodeIdleTimeBeforeScaleDown": "PT%sS" % self.idle_seconds_before_scaledown}

    def __repr__(self):
        return "ScaleSettings(%r)" % self.serialize()


class AmlComputeStatus:
    """Nodes and states of a cluster at one moment."""

    def __init__(self, document):
        self.current_node_count = document.get("current_node_count") or 0
        self.target_node_count = document.get("target_node_count") or 0
        self.node_state_counts = dict.fromkeys(_STATES, 0)
        for node in document.get("nodes") or ():
            if node.get("state") in self.node_state_counts:
                self.node_state_counts[node["state"]] += 1
        self.allocation_state = document.get("allocation_state") or "Steady"
        self.allocation_state_transition_time = parsed_time(document.get("state_time"))
        self.creation_time = parsed_time(document.get("created_time"))
        self.modified_time = parsed_time(document.get("modified_time"))
        self.provisioning_state = document.get("provisioning_state") or "Succeeded"
        self.provisioning_state_transition_time = parsed_time(document.get("created_time"))
        self.scale_settings = ScaleSettings(document)
        self.vm_priority = (document.get("vm_priority") or "dedicated").capitalize()
        self.vm_size = document.get("vm_size")
        self.errors = None

    def serialize(self):
        """A dict as the SDK prints it."""
        return {
            "currentNodeCount": self.current_node_count, "targetNodeCount": self.target_node_count,
            "nodeStateCounts": {state + "NodeCount": count for state, count in self.node_state_counts.items()},
            "allocationState": self.allocation_state,
            "allocationStateTransitionTime": _text(self.allocation_state_transition_time), "errors": self.errors,
            "creationTime": _text(self.creation_time), "modifiedTime": _text(self.modified_time),
            "provisioningState": self.provisioning_state,
            "provisioningStateTransitionTime": _text(self.provisioning_state_transition_time),
            "scaleSettings": self.scale_settings.serialize(), "vmPriority": self.vm_priority, "vmSize": self.vm_size,
        }

    def __repr__(self):
        return "AmlComputeStatus(%r)" % self.serialize()


def _text(time):
    return time.isoformat() + "+00:00" if time else None
