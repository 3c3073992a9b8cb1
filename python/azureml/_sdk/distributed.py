"""Settings of distributed training. They can be made and set; a run of more than one process is refused at submit."""

from azureml._sdk.section import Section


class _Distributed(Section):
    """Base class; ``processes(node_count)`` is how many processes of the user's script are wanted."""

    def __init__(self, *args, **kwargs):
        names = [name for name, _ in self._FIELDS]
        kwargs.update(zip(names, args))
        super().__init__(**kwargs)

    def processes(self, node_count=1):
        nodes = max(int(node_count or 1), int(getattr(self, "node_count", 1) or 1))
        return nodes * int(getattr(self, "process_count_per_node", 1) or 1)


class MpiConfiguration(_Distributed):
    """MPI: processes a node, nodes."""

    _FIELDS = (("process_count_per_node", 1), ("node_count", 1))


class Mpi(_Distributed):
    """MPI, as the estimators took it."""

    _FIELDS = (("process_count_per_node", 1),)


class TensorflowConfiguration(_Distributed):
    """TensorFlow's workers and parameter servers."""

    _FIELDS = (("worker_count", 1), ("parameter_server_count", 1))

    def processes(self, node_count=1):
        return int(self.worker_count or 0) + int(self.parameter_server_count or 0)


class ParameterServer(TensorflowConfiguration):
    """The same, as the estimators took it."""


class PyTorchConfiguration(_Distributed):
    """communication_backend: Nccl or Gloo; process_count: of all nodes together, default one a node."""

    _FIELDS = (("communication_backend", "Nccl"), ("process_count", None), ("node_count", 1))

    def processes(self, node_count=1):
        return int(self.process_count or max(int(self.node_count or 1), int(node_count or 1)))


class Nccl(_Distributed):
    """One process a node, NCCL between them."""


class Gloo(_Distributed):
    """One process a node, Gloo between them."""
