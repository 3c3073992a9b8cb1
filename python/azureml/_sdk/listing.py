"""Dict-likes that are also methods: ``ws.models['x']`` and, as in 2018, ``ws.models(name='x')``."""

from collections import OrderedDict


class Listing(OrderedDict):
    """The items that ``fetch()`` gave; a call with keywords fetches anew and gives an OrderedDict."""

    def __init__(self, fetch):
        super().__init__(fetch())
        self._fetch = fetch

    def __call__(self, *args, **kwargs):
        return OrderedDict(self._fetch(*args, **kwargs))

    def __missing__(self, key):
        from azureml._sdk.warn import near_matches

        near = near_matches(key, [str(name) for name in self])
        raise KeyError("%s%s" % (key, " (did you mean %s?)" % " or ".join(near) if near else ""))

    def __reduce__(self):
        return (OrderedDict, (list(self.items()),))
