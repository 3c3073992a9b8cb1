"""Resources that a model wants where it is served."""


class ResourceConfiguration:
    """cpu: cores; memory_in_gb: GiB; gpu: count. None leaves a resource open."""

    def __init__(self, cpu=None, memory_in_gb=None, gpu=None):
        self.cpu, self.memory_in_gb, self.gpu = cpu, memory_in_gb, gpu

    def serialize(self):
        """A dict as the SDK prints it."""
        return {"cpu": self.cpu, "memoryInGB": self.memory_in_gb, "gpu": self.gpu}

    @staticmethod
    def deserialize(document):
        """The reverse of `serialize`; None for None."""
        if not document:
            return None
        return ResourceConfiguration(document.get("cpu"), document.get("memoryInGB"), document.get("gpu"))

    def __repr__(self):
        return "ResourceConfiguration(cpu=%r, memory_in_gb=%r, gpu=%r)" % (self.cpu, self.memory_in_gb, self.gpu)
