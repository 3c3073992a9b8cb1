"""TensorFlow 1 scripts on TensorFlow 2: the name `tensorflow` means tensorflow.compat.v1, with the behaviour of version 2 off.

The module object stays, so that what lies below it is found; its names become those of version 1.
"""

from . import hooks, report


def install():
    hooks.when_imported("tensorflow", become_v1)
    for name in ("tensorflow.examples", "tensorflow.examples.tutorials"):
        hooks.provide(name, lambda module: None)
    hooks.provide("tensorflow.examples.tutorials.mnist", _mnist)
    hooks.provide("tensorflow.examples.tutorials.mnist.input_data", _input_data)
    hooks.provide("tensorflow.examples.tutorials.mnist.mnist", _model)


def is_v1(tensorflow):
    return getattr(tensorflow, "__version__", "").startswith("1.") or getattr(vars(tensorflow).get("__getattr__"), "of_v1", False)


def become_v1(tensorflow):
    if is_v1(tensorflow):
        return
    version = getattr(tensorflow, "__version__", "")
    from tensorflow.compat import v1

    v1.disable_v2_behavior()
    for name in dir(v1):
        if not (name.startswith("__") and name.endswith("__")):
            setattr(tensorflow, name, getattr(v1, name))
    # `import tensorflow.keras` is looked up by path: the one of version 1 first.
    tensorflow.__path__ = list(v1.__path__) + [entry for entry in tensorflow.__path__ if entry not in v1.__path__]
    tensorflow.__getattr__ = _missing(tensorflow)
    report.note("compat", "TensorFlow %s was used through its version 1 API (tensorflow.compat.v1, the behaviour of version 2 off)." % version)


def _missing(tensorflow):
    def __getattr__(name):
        if name == "contrib":
            raise AttributeError("module 'tensorflow' has no attribute 'contrib': it ended with TensorFlow 1.15 and there is no stand-in for it. "
                                 "Use tf.layers, tf.keras or tf.estimator.")
        raise AttributeError("module 'tensorflow' has no attribute %r" % name)

    __getattr__.of_v1 = True
    return __getattr__


def _mnist(module):
    from importlib import import_module

    for name in ("input_data", "mnist"):
        setattr(module, name, import_module("tensorflow.examples.tutorials.mnist." + name))


def _input_data(module):
    from . import tf1_mnist

    report.note("compat", "tensorflow.examples.tutorials.mnist.input_data is gone from TensorFlow: a stand-in reads the same files.")
    for name in ("read_data_sets", "DataSet", "Datasets", "extract_images", "extract_labels", "maybe_download"):
        setattr(module, name, getattr(tf1_mnist, name))


def _model(module):
    from . import tf1_mnist_model

    for name in ("NUM_CLASSES", "IMAGE_SIZE", "IMAGE_PIXELS", "inference", "loss", "training", "evaluation"):
        setattr(module, name, getattr(tf1_mnist_model, name))
