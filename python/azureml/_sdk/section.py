"""Objects of plain settings that turn into a camelCase definition and back."""


def camel(name):
    """``shared_volumes`` → ``sharedVolumes``."""
    head, _, rest = name.partition("_")
    return head + "".join(part.capitalize() for part in rest.split("_")) if rest else head


class Section:
    """Settings of a table ``_FIELDS``: (attribute, default); a default that is a class is called for each object."""

    _FIELDS = ()

    def __init__(self, **kwargs):
        for name, default in self._FIELDS:
            value = kwargs.get(name)
            if value is None:
                value = default() if isinstance(default, type) else default
            setattr(self, name, value)

    def _to_definition(self):
        """The settings with camelCase names, nested sections included."""
        return {camel(name): definition_of(getattr(self, name)) for name, _ in self._FIELDS}

    def _load(self, document):
        """Takes what ``document`` has of the fields; other members are ignored."""
        for name, default in self._FIELDS:
            key = camel(name) if camel(name) in document else name
            if key not in document:
                continue
            value = document[key]
            if isinstance(default, type) and issubclass(default, Section):
                getattr(self, name)._load(value or {})
            else:
                setattr(self, name, value if value is not None or not isinstance(default, type) else default())

    def __repr__(self):
        members = ("%s=%r" % (name, getattr(self, name)) for name, _ in self._FIELDS)
        return "%s(%s)" % (type(self).__name__, ", ".join(members))


def definition_of(value):
    """A value of a definition: sections as dicts, containers copied."""
    if hasattr(value, "_to_definition"):
        return value._to_definition()
    if isinstance(value, dict):
        return {str(key): definition_of(member) for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [definition_of(item) for item in value]
    return value
