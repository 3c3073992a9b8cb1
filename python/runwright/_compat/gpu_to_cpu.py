"""Scripts that ask for a GPU by number on a node without one: Chainer and PyTorch code goes on on the CPU."""

import functools

from . import hooks, report


def install():
    hooks.when_imported("chainer.backends.cuda", _chainer)
    hooks.when_imported("chainer.device_resident", _chainer_links)  # Chainer 6 and later
    hooks.when_imported("chainer.link", _chainer_links)
    hooks.when_imported("chainer.variable", _chainer_links)
    hooks.when_imported("torch", _torch)


def _note(what):
    report.note("compat", "%s asked for a GPU and this node has none: the CPU was used." % what)


# ---- Chainer


def _chainer(cuda):
    if cuda.available:
        return
    original = {name: getattr(cuda, name) for name in ("get_device_from_id", "to_gpu") if hasattr(cuda, name)}

    def check_cuda_available():
        _note("Chainer's check_cuda_available")

    @functools.wraps(original["get_device_from_id"])
    def get_device_from_id(device_id):
        return _cpu_device(cuda, device_id)

    @functools.wraps(original["to_gpu"])
    def to_gpu(array, device=None, stream=None):
        _note("Chainer's to_gpu")
        return array

    class Device(type(cuda.DummyDevice)):
        def __init__(self, device=None):
            _note("chainer.cuda.Device")

    cuda.check_cuda_available = check_cuda_available
    cuda.get_device_from_id = get_device_from_id
    cuda.to_gpu = to_gpu
    cuda.Device = Device
    for name in ("_get_device", "_get_cuda_device"):  # behind get_device, of Chainer 5 and of 6 and later
        if hasattr(cuda, name):
            setattr(cuda, name, lambda *args: _cpu_device(cuda, *args))
    if hasattr(cuda, "GpuDevice"):
        cuda.GpuDevice.from_device_id = staticmethod(_cpu_backend)


def _cpu_device(cuda, *ids):
    for one in ids:
        if isinstance(one, cuda._integer_types) and one >= 0:
            _note("Chainer's device %d" % one)
    return cuda.DummyDevice


def _cpu_backend(device_id):
    from chainer.backends._cpu import CpuDevice

    _note("Chainer's device %s" % device_id)
    return CpuDevice()


def _chainer_links(module):
    import chainer.backends.cuda as cuda

    if cuda.available:
        return
    for name in ("DeviceResident", "Link", "Chain", "ChainList", "Variable", "Parameter"):
        kind = getattr(module, name, None)
        if kind is not None and kind.__module__ == module.__name__ and "to_gpu" in vars(kind):
            kind.to_gpu = _stay(kind.to_gpu)


def _stay(original):
    @functools.wraps(original)
    def to_gpu(self, device=None):
        _note("Chainer's to_gpu")
        return self

    return to_gpu


# ---- PyTorch


def _torch(torch):
    if torch.cuda.is_available():
        return
    for kind in (torch.Tensor, torch.nn.Module):
        kind.cuda = _stay_in_memory(kind.cuda)
        kind.to = _without_gpu(torch, kind.to)
    torch.cuda.set_device = lambda device: _note("torch.cuda.set_device")
    torch.load = _load_to_cpu(torch.load)


def _stay_in_memory(original):
    @functools.wraps(original)
    def cuda(self, *args, **kwargs):
        _note("PyTorch's cuda()")
        return self

    return cuda


def _is_gpu(torch, device):
    if isinstance(device, torch.device):
        return device.type == "cuda"
    return isinstance(device, int) and not isinstance(device, bool) or isinstance(device, str) and device.partition(":")[0] == "cuda"


def _without_gpu(torch, original):
    @functools.wraps(original)
    def to(self, *args, **kwargs):
        if args and _is_gpu(torch, args[0]):
            _note("PyTorch's to(%r)" % str(args[0]))
            args = ("cpu",) + args[1:]
        if _is_gpu(torch, kwargs.get("device")):
            _note("PyTorch's to(%r)" % str(kwargs["device"]))
            kwargs["device"] = "cpu"
        return original(self, *args, **kwargs)

    return to


def _load_to_cpu(original):
    @functools.wraps(original)
    def load(f, map_location=None, *args, **kwargs):
        # Without a GPU there is nothing else that a checkpoint could be mapped to.
        return original(f, "cpu" if map_location is None else map_location, *args, **kwargs)

    return load
