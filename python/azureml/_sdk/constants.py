"""Plain values that user code imports."""

VERSION = "1.60.0"  # of the SDK whose surface this is; what works here is runwright.__version__
__version__ = VERSION

DEFAULT_CPU_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04:latest"
DEFAULT_GPU_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-cuda11.1-cudnn8-ubuntu20.04:latest"
DEFAULT_MMLSPARK_CPU_IMAGE = "mcr.microsoft.com/mmlspark/release:0.15"
DEFAULT_MMLSPARK_GPU_IMAGE = "mcr.microsoft.com/mmlspark/gpu:latest"
DEFAULT_IMAGES = (DEFAULT_CPU_IMAGE, DEFAULT_GPU_IMAGE, DEFAULT_MMLSPARK_CPU_IMAGE, DEFAULT_MMLSPARK_GPU_IMAGE)

# Status of a run that is not over.
RUNNING_STATES = ["NotStarted", "Starting", "Provisioning", "Preparing", "Queued", "Running", "Finalizing",
                  "CancelRequested", "NotResponding", "Paused"]
TERMINAL_STATES = ("Completed", "Failed", "Canceled")

# Users raise this from outside (azureml._restclient.snapshots_client.SNAPSHOT_MAX_SIZE_BYTES); here there is no
# fixed limit: only the size over which runwright wants to be asked twice is moved by it.
SNAPSHOT_MAX_SIZE_BYTES = 300 * 1024 * 1024
