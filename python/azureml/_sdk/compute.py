"""Compute targets: where runs go."""

from azureml._sdk import exceptions
from azureml._sdk.compute_status import AmlComputeStatus, ScaleSettings
from azureml._sdk.provisioning import AmlComputeProvisioning, BatchAiProvisioning

_KIND_TAG = "runwright.kind"  # which of the SDK's words a cluster was made with


class ComputeTarget:
    """workspace, name: gives the target as an object of its own class; ComputeTargetException where there is none."""

    _compute_type = None  # of the server
    type = "ComputeTarget"

    def __new__(cls, workspace, name, _document=None, **kwargs):
        from runwright.errors import NotFoundError, RunwrightError

        if _document is None:
            try:
                _document = workspace._api.get_compute(workspace._workspace_id, name)
            except NotFoundError as error:
                raise exceptions.translated(error, exceptions.ComputeTargetException, not_found_text(workspace, name))
            except RunwrightError as error:
                raise exceptions.translated(error, exceptions.ComputeTargetException)
        kind = cls._kind(_document)
        if not issubclass(kind, cls):
            raise exceptions.ComputeTargetException("ComputeTargetNotFound: %s is a target of type %s, not %s." % (
                name, kind.type, cls.type))
        made = object.__new__(kind)
        made.workspace, made._document, made._just_made = workspace, _document, False
        return made

    def __init__(self, workspace, name, **kwargs):
        pass  # __new__ has done it

    @classmethod
    def _kind(cls, document):
        if document.get("type") == "Local":
            return LocalCompute
        if cls is BatchAiCompute or (document.get("tags") or {}).get(_KIND_TAG) == BatchAiCompute.type:
            return BatchAiCompute if cls is not AmlCompute else AmlCompute
        return AmlCompute

    @classmethod
    def _of(cls, workspace, document):
        return ComputeTarget(workspace, document["name"], _document=document)

    # Making.

    @staticmethod
    def create(workspace, name, provisioning_configuration):
        """Makes a target; one of that name is updated and given back."""
        from runwright.errors import RunwrightError

        if not hasattr(provisioning_configuration, "_body"):
            raise exceptions.ComputeTargetException(
                "create() takes what provisioning_configuration() gives, not %s."
                % type(provisioning_configuration).__name__)
        body = provisioning_configuration._body(name)
        try:
            document = workspace._api.create_compute(workspace._workspace_id, body)
        except RunwrightError as error:
            raise exceptions.translated(error, exceptions.ComputeTargetException)
        made = ComputeTarget._of(workspace, document)
        made._just_made = True
        return made

    @staticmethod
    def attach(workspace, name, attach_configuration):
        """Not built yet: machines are attached in a later release."""
        return _not_built("ComputeTarget.attach")

    @classmethod
    def list(cls, workspace):
        """The targets of a workspace."""
        found = (ComputeTarget._of(workspace, document) for document in workspace._call("list_computes"))
        return [target for target in found if isinstance(target, cls)]

    # What it is.

    @property
    def name(self):
        return self._document["name"]

    @property
    def provisioning_state(self):
        return self._document.get("provisioning_state") or "Succeeded"

    @property
    def provisioning_errors(self):
        """None where there are none."""
        return None

    @property
    def location(self):
        return self.workspace.location

    @property
    def tags(self):
        return {k: v for k, v in (self._document.get("tags") or {}).items() if k != _KIND_TAG}

    @property
    def description(self):
        return self._document.get("description")

    @property
    def created_on(self):
        return self._document.get("created_time")

    @property
    def modified_on(self):
        return self._document.get("modified_time")

    @property
    def id(self):
        """A path as Azure writes it."""
        return "%s/computes/%s" % (self.workspace.get_details()["id"], self.name)

    def refresh_state(self):
        """Looks anew."""
        self._document = self.workspace._call("get_compute", self.name)

    def get_status(self):
        """The provisioning state."""
        self.refresh_state()
        return self.provisioning_state

    def wait_for_completion(self, show_output=False, min_node_count=None, timeout_in_minutes=25,
                            is_delete_operation=False):
        """Returns at once: this target is always there."""
        if show_output:
            print("Provisioning operation finished, operation \"Succeeded\"")

    def delete(self):
        """Deletes it; refused while runs use it."""
        from runwright.errors import RunwrightError

        try:
            self.workspace._api.delete_compute(self.workspace._workspace_id, self.name)
        except RunwrightError as error:
            raise exceptions.translated(error, exceptions.ComputeTargetException)

    def detach(self):
        """Not built yet."""
        return _not_built("ComputeTarget.detach")

    def serialize(self):
        """A dict of the target."""
        return {
            "id": self.id, "name": self.name, "location": self.location, "tags": self.tags or None,
            "properties": {
                "computeType": self.type, "computeLocation": self.location, "description": self.description,
                "provisioningState": self.provisioning_state, "provisioningErrors": self.provisioning_errors,
                "properties": self._properties(),
            },
        }

    def _properties(self):
        return {}

    def __repr__(self):
        return "%s(workspace=%r, name=%r, id=%r, type=%r, provisioning_state=%r, location=%r, tags=%r)" % (
            type(self).__name__, self.workspace, self.name, self.id, self.type, self.provisioning_state, self.location,
            self.tags or None)


class LocalCompute(ComputeTarget):
    """The server's machine itself."""

    type = "local"


class AmlCompute(ComputeTarget):
    """A cluster: slots of the server's machine in this release. Its size is a label; max_nodes is how many runs go at
    once."""

    type = "AmlCompute"

    @staticmethod
    def provisioning_configuration(vm_size="", vm_priority="dedicated", min_nodes=0, max_nodes=None,
                                   idle_seconds_before_scaledown=None, admin_username=None, admin_user_password=None,
                                   admin_user_ssh_key=None, vnet_resourcegroup_name=None, vnet_name=None,
                                   subnet_name=None, tags=None, description=None,
                                   remote_login_port_public_access="NotSpecified", identity_type=None,
                                   identity_id=None, location=None, enable_node_public_ip=True, **kwargs):
        """What create() takes. Numbers may be text. max_nodes: default 4. idle_seconds_before_scaledown: default 1800.

        admin_*, vnet_*, identity_*, subnet_name, location: accepted; there is nothing on this machine that they change.
        """
        return AmlComputeProvisioning(vm_size, vm_priority, min_nodes, max_nodes, idle_seconds_before_scaledown, tags,
                                      description, kwargs)

    @staticmethod
    def supported_vmsizes(workspace, location=None):
        """Sizes that create() knows."""
        return [{"name": one["name"], "vCPUs": one.get("vcpus"), "gpus": one.get("gpus") or 0,
                 "memoryGB": one.get("memory_gib"), "maxResourceVolumeMB": None}
                for one in workspace._api.list_vm_sizes()]

    @property
    def vm_size(self):
        return self._document.get("vm_size")

    @property
    def vm_priority(self):
        return self._document.get("vm_priority") or "dedicated"

    @property
    def scale_settings(self):
        return ScaleSettings(self._document)

    def get_status(self):
        """Nodes and states as they are now."""
        self.refresh_state()
        return AmlComputeStatus(self._document)

    @property
    def status(self):
        """The same, as it was read in 2018."""
        return self.get_status()

    def list_nodes(self):
        """One dict a node."""
        self.refresh_state()
        return [{"nodeId": node["id"], "port": None, "publicIpAddress": None, "privateIpAddress": None,
                 "nodeState": node["state"], "runId": node.get("run_id")}
                for node in self._document.get("nodes") or ()]

    def get_active_runs(self, type=None, tags=None, properties=None, status=None):
        """Runs that use the target, as a generator."""
        from azureml._sdk.run import run_of

        ids = [node["runId"] for node in self.list_nodes() if node["runId"]]
        for run_id in ids:
            yield run_of(self.workspace, self.workspace._api.get_run(run_id))

    def update(self, min_nodes=None, max_nodes=None, idle_seconds_before_scaledown=None):
        """Changes the limits; None leaves one as it is."""
        from runwright.errors import RunwrightError

        from azureml._sdk.provisioning import number

        given = {"min_nodes": min_nodes, "max_nodes": max_nodes,
                 "idle_seconds_before_scaledown": idle_seconds_before_scaledown}
        members = {name: number(name, value) for name, value in given.items()}
        try:
            self._document = self.workspace._api.update_compute(self.workspace._workspace_id, self.name, **members)
        except RunwrightError as error:
            raise exceptions.translated(error, exceptions.ComputeTargetException)

    def wait_for_completion(self, show_output=False, min_node_count=None, timeout_in_minutes=25,
                            is_delete_operation=False):
        """Waits until the nodes asked for are there. min_node_count: default the target's min_nodes."""
        from runwright.compute import Compute
        from runwright.errors import DeadlineExceededError, NotFoundError, RunwrightError

        if show_output and self._just_made:
            print("Creating")
        native = Compute(self.workspace._api, self.workspace._workspace_id, self._document)
        reached = "Minimum number of nodes requested have been provisioned"
        try:
            self._document = native.wait(min_node_count, 60 * float(timeout_in_minutes or 25))
        except DeadlineExceededError as error:
            self._document, reached = native.document, "Wait timeout has been reached. " + error.message
        except NotFoundError as error:
            if is_delete_operation:
                return
            raise exceptions.translated(error, exceptions.ComputeTargetException,
                                        not_found_text(self.workspace, self.name))
        except RunwrightError as error:
            raise exceptions.translated(error, exceptions.ComputeTargetException)
        self._just_made = False
        if show_output:
            print(self.provisioning_state)
            print("%s wait for completion finished" % self.type)
            print(reached)

    def _properties(self):
        status = AmlComputeStatus(self._document)
        return {"vmSize": self.vm_size, "vmPriority": self.vm_priority,
                "scaleSettings": status.scale_settings.serialize()}


class BatchAiCompute(AmlCompute):
    """The same under the words of 2018."""

    type = "BatchAI"

    @staticmethod
    def provisioning_configuration(vm_size=None, image=None, vm_priority="dedicated", autoscale_enabled=False,
                                   cluster_min_nodes=None, cluster_max_nodes=None, tags=None, description=None,
                                   **kwargs):
        """What create() takes."""
        return BatchAiProvisioning(vm_size or "STANDARD_D2_V2", vm_priority, autoscale_enabled, cluster_min_nodes,
                                   cluster_max_nodes, dict(tags or {}, **{_KIND_TAG: BatchAiCompute.type}), description,
                                   kwargs)


def not_found_text(workspace, name):
    """What ComputeTargetException says of a name that no target has."""
    from runwright.errors import RunwrightError

    from azureml._sdk.warn import near_matches

    text = "ComputeTargetNotFound: Compute Target with name %s not found in provided workspace." % name
    try:
        known = [document["name"] for document in workspace._api.list_computes(workspace._workspace_id)]
    except RunwrightError:
        return text
    near = near_matches(name, known)
    return "%s%s Targets of workspace %s: %s. ComputeTarget.create makes one." % (
        text, " Did you mean %s?" % " or ".join(near) if near else "", workspace.name, ", ".join(known) or "none")


def _not_built(name):
    from azureml._sdk.missing import MissingMember

    return MissingMember(name)()
