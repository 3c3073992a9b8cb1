"""Part of `runwright.run.Run`: tags, which change, and properties, which are written once."""

from runwright import errors, journal


class RunWords:
    """Base of Run. Inside a run they are said in the journal, outside of one the server is asked."""

    def tag(self, key, value=None):
        """Sets one tag; the value may be None."""
        self.set_tags({key: value})

    def set_tags(self, tags):
        """Sets tags: a dict of text to text or None."""
        tags = {str(key): None if value is None else str(value) for key, value in tags.items()}
        if self._session is not None:
            self._say(journal.TAG, {"set": tags, "remove": []})
        else:
            self._document = self._api.update_run(self.id, tags=tags)

    def remove_tags(self, keys):
        """Removes tags: a key or a list of keys; a key that is not there is no error."""
        keys = [keys] if isinstance(keys, str) else [str(key) for key in keys]
        if self._session is not None:
            self._say(journal.TAG, {"set": {}, "remove": keys})
        else:
            self._document = self._api.update_run(self.id, remove_tags=keys)

    def get_tags(self):
        """The tags as the server knows them now."""
        return dict(self.document(refresh=True).get("tags") or {})

    def add_properties(self, properties):
        """Adds properties: each key can be written once; another value for it is refused (inside a run: what this
        process did not write itself is refused later, in the run's warnings)."""
        properties = {str(key): str(value) for key, value in properties.items()}
        if self._session is not None:
            for key, value in properties.items():
                before = self._properties.get(key, value)
                if before != value:
                    raise errors.ConflictError("property %r is %r already; properties are written once" % (key, before))
            self._properties.update(properties)
            self._say(journal.PROPERTY, {"set": properties})
        else:
            self._document = self._api.update_run(self.id, properties=properties)

    def get_properties(self):
        """The properties as the server knows them now."""
        return dict(self.document(refresh=True).get("properties") or {})

    def _say(self, kind, document):
        document["run_id"] = self.id
        self._session.writer.record(kind, document)

