"""Configurations of clusters, as `ComputeTarget.create` takes them."""

from azureml._sdk.exceptions import ComputeTargetException
from azureml._sdk.warn import unknown_keywords


def number(name, value):
    """An int of an int or text; None stays None."""
    if value is None:
        return None
    try:
        return int(value)
    except (TypeError, ValueError):
        raise ComputeTargetException("%s must be a whole number, not %r." % (name, value))


class AmlComputeProvisioning:
    """Sizes and limits of a cluster. ``location`` and such of Azure have no meaning here."""

    def __init__(self, vm_size, vm_priority, min_nodes, max_nodes, idle_seconds, tags, description, unknown):
        unknown_keywords("AmlCompute.provisioning_configuration", unknown, [
            "vm_size", "vm_priority", "min_nodes", "max_nodes", "idle_seconds_before_scaledown", "tags", "description"])
        self.vm_size, self.vm_priority = vm_size, vm_priority or "dedicated"
        self.min_nodes = number("min_nodes", min_nodes) or 0
        self.max_nodes = 4 if max_nodes is None else number("max_nodes", max_nodes)
        self.idle_seconds_before_scaledown = (
            1800 if idle_seconds is None else number("idle_seconds_before_scaledown", idle_seconds))
        self.tags, self.description = tags, description
        self.validate_configuration()

    def validate_configuration(self):
        """Raises ComputeTargetException for limits that cannot be."""
        if self.vm_priority.lower() not in ("dedicated", "lowpriority"):
            raise ComputeTargetException("vm_priority must be dedicated or lowpriority, not %r." % self.vm_priority)
        if self.min_nodes < 0 or self.max_nodes < max(1, self.min_nodes):
            raise ComputeTargetException("min_nodes (%d) and max_nodes (%d) must be 0 <= min_nodes <= max_nodes and "
                                         "max_nodes at least 1." % (self.min_nodes, self.max_nodes))

    def _body(self, name):
        body = {
            "name": name, "type": "AmlCompute", "vm_size": self.vm_size, "vm_priority": self.vm_priority.lower(),
            "min_nodes": self.min_nodes, "max_nodes": self.max_nodes,
            "idle_seconds_before_scaledown": self.idle_seconds_before_scaledown, "tags": self.tags,
            "description": self.description,
        }
        return {key: value for key, value in body.items() if value not in (None, "")}


class BatchAiProvisioning(AmlComputeProvisioning):
    """The same in words of 2018; without autoscale the cluster keeps its largest size."""

    def __init__(self, vm_size, vm_priority, autoscale_enabled, minimum, maximum, tags, description, unknown):
        most = 1 if maximum is None else number("cluster_max_nodes", maximum)
        least = number("cluster_min_nodes", minimum) or 0
        super().__init__(
            vm_size, vm_priority, least if autoscale_enabled else most, max(most, least), None, tags, description, {})
        unknown_keywords("BatchAiCompute.provisioning_configuration", unknown)
