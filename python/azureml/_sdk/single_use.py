"""Clusters made for one run: ``vm_size`` without a compute target."""

import binascii
import os

TAG = "runwright.single_use_run"  # the server removes a target with the end of the run that this names


def single_use_target(workspace, run_id, vm_size, vm_priority=None):
    """Makes a cluster of one node for the run; its name. The server removes it when the run is over."""
    from runwright.errors import RunwrightError

    from azureml._sdk import exceptions
    from azureml._sdk.provisioning import AmlComputeProvisioning

    settings = AmlComputeProvisioning(vm_size, vm_priority, 0, 1, 120, {TAG: run_id}, "made for run " + run_id, {})
    name = "once-" + binascii.hexlify(os.urandom(4)).decode("ascii")
    try:
        workspace._api.create_compute(workspace._workspace_id, settings._body(name))
    except RunwrightError as error:
        raise exceptions.translated(error, exceptions.ComputeTargetException)
    return name


def remove_quietly(workspace, name):
    """Of a run that was refused: its own error is what counts."""
    from runwright.errors import RunwrightError

    try:
        workspace._api.delete_compute(workspace._workspace_id, name)
    except RunwrightError:  # the server removes it an hour later, at its next start
        pass
