"""Diagnostics: none are collected, here or anywhere."""


def set_diagnostics_collection(send_diagnostics=True, verbosity=None, **kwargs):
    """Prints what user code expects to see and does nothing."""
    print("Turning diagnostics collection %s. " % ("on" if send_diagnostics else "off"))
