"""TensorFlow 1 scripts that named no version: a name that only version 1 has, asked for by the script itself, switches to tf1.

Nothing changes for scripts of version 2. Libraries probe for names of version 1 too (`hasattr(tf, "Session")`); those get the
answer of version 2.
"""

import sys

from . import hooks, tf1


def install():
    hooks.when_imported("tensorflow", _stand_by)


def _stand_by(tensorflow):
    if tf1.is_v1(tensorflow):
        return
    before = vars(tensorflow).get("__getattr__")

    def __getattr__(name):
        if before is not None:
            try:
                return before(name)
            except AttributeError:
                pass
        if not name.startswith("_") and _asked_by_script(sys._getframe(1)):
            from tensorflow.compat import v1

            if hasattr(v1, name):
                tf1.become_v1(tensorflow)
                return getattr(tensorflow, name)
        raise AttributeError("module 'tensorflow' has no attribute %r" % name)

    tensorflow.__getattr__ = __getattr__


def _asked_by_script(frame):
    while frame is not None and frame.f_code.co_filename.startswith("<frozen "):
        frame = frame.f_back
    path = frame.f_code.co_filename.replace("\\", "/") if frame is not None else ""
    return not any(folder in path for folder in ("/site-packages/", "/dist-packages/", "/lib/python"))
