"""np.float, np.int and the others that NumPy 1.24 and 2.0 took away."""

from . import hooks, report

# Gone in 1.24 (deprecated since 1.20): names of Python's own types.
BUILTINS = {"bool": bool, "int": int, "float": float, "complex": complex, "object": object, "str": str, "long": int, "unicode": str}
# Gone in 2.0: the name that does the same.
RENAMED = {
    "Inf": "inf", "Infinity": "inf", "infty": "inf", "PINF": "inf", "NaN": "nan", "float_": "float64", "complex_": "complex128",
    "cfloat": "complex128", "singlecomplex": "complex64", "longfloat": "longdouble", "string_": "bytes_", "unicode_": "str_",
    "product": "prod", "cumproduct": "cumprod", "sometrue": "any", "alltrue": "all", "round_": "round", "row_stack": "vstack",
    "in1d": "isin", "trapz": "trapezoid",
}
# Gone in 1.23 or 2.0, with nothing of the same kind.
MADE = {
    "NINF": lambda numpy: -numpy.inf,
    "PZERO": lambda numpy: 0.0,
    "NZERO": lambda numpy: -0.0,
    "asscalar": lambda numpy: lambda a: a.item(),
    "asfarray": lambda numpy: lambda a, dtype=float: numpy.asarray(a, dtype=dtype if numpy.issubdtype(dtype, numpy.inexact) else float),
}


def install():
    hooks.when_imported("numpy", _extend)


def _extend(numpy):
    original = getattr(numpy, "__getattr__", None)
    without_builtins = tuple(int(part) for part in numpy.__version__.split(".")[:2]) >= (1, 24)

    def __getattr__(name):
        # Asked only for what the module does not have. NumPy's own answer wins where it has one; of the builtins' names it has none
        # but a warning.
        try:
            if original is not None and not (without_builtins and name in BUILTINS):
                return original(name)
        except AttributeError:
            if name not in BUILTINS and name not in RENAMED and name not in MADE:
                raise
        value, instead = _value(numpy, name)
        report.note("compat", "np.%s is gone from NumPy %s: %s was used. Write %s." % (name, numpy.__version__, instead, instead))
        setattr(numpy, name, value)  # from now on without this function
        return value

    numpy.__getattr__ = __getattr__


def _value(numpy, name):
    if name in BUILTINS:
        return BUILTINS[name], BUILTINS[name].__name__
    if name in RENAMED and hasattr(numpy, RENAMED[name]):
        return getattr(numpy, RENAMED[name]), "np." + RENAMED[name]
    if name in MADE:
        return MADE[name](numpy), "a.item()" if name == "asscalar" else "a value of the same meaning"
    raise AttributeError("module 'numpy' has no attribute %r" % name)
