"""Assignments to SerialIterator.epoch, current_position and is_new_epoch, which are read-only since Chainer 6.

Scripts of Chainer 5 set them to begin a test iterator anew.
"""

from . import hooks, report

FIELDS = ("epoch", "current_position", "is_new_epoch")


def install():
    hooks.when_imported("chainer.iterators.serial_iterator", _add_setters)


def _add_setters(module):
    iterator = module.SerialIterator
    for name in FIELDS:
        known = vars(iterator).get(name)
        if isinstance(known, property) and known.fset is None:
            setattr(iterator, name, property(known.fget, _setter(name), doc=known.__doc__))


def _setter(name):
    def assign(self, value):
        report.note("compat", "SerialIterator.%s was assigned, which this Chainer no longer allows: its state was set instead. Write iterator.reset()." % name)
        self._state = self._state._replace(**{name: value})

    return assign
