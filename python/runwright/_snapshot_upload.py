"""Sends a server what it lacks of a snapshot."""

import hashlib
import io
import json
import os

from runwright import _snapshot_tree, errors

_PACK_BYTES = 16 * 1024 ** 2
_PACK_BLOBS = 2000
_ASK = 20000  # digests a request
_STREAM = 1024 ** 2  # larger files are sent by themselves
_ROUNDS = 20


class Upload(object):
    """One upload. The server says which digests it lacks; below a tree that it lacks it is asked level by level, so
    that a snapshot with one changed file asks for a few digests and not for all."""

    def __init__(self, client, snapshot, progress):
        self.client = client if hasattr(client, "request") else client.client
        self.snapshot = snapshot
        self.progress = progress
        self._trees = None
        self._files = {}
        self._sent = self._total = 0

    def run(self):
        missing = self._commit()
        for _ in range(_ROUNDS):
            if not missing:
                return
            self._index()
            self._send(self._lacking(missing))
            missing = self._commit()
        if missing:
            raise errors.InternalError(
                "The server still lacks %d parts of snapshot %s after they were sent, %s among them. Its blob folder "
                "may be damaged: see the server's log." % (len(missing), self.snapshot.id, missing[0])
            )

    def _commit(self):
        """Empty when the snapshot is there, else the digests that the server knows to be missing."""
        path = "/api/v1/snapshots"
        status, answer = self._json("POST", path, {"id": self.snapshot.id}, accept=(412,))
        if status != 412:
            return []
        document = json.loads(answer.decode("utf-8"))
        missing = document.get("missing") or (document.get("error") or {}).get("missing")
        if not missing:
            raise errors.from_response(status, answer, "POST " + path)
        return missing

    def _index(self):
        """What each digest of the snapshot is."""
        if self._trees is not None:
            return
        self._trees = {}
        for folder in self.snapshot._folders:
            self._trees[folder.tree.hex()] = folder
            for blob in _snapshot_tree.blobs_in(folder):
                self._files[blob.digest] = blob

    def _lacking(self, missing):
        """`missing`, and what the server lacks below the trees among it, in the order found."""
        found = dict.fromkeys(missing)
        level = missing
        asked = set(missing)
        while level:
            below = []
            for digest in level:
                folder = self._trees.get(digest)
                for _, _, part, _ in _snapshot_tree.entries(folder) if folder is not None else ():
                    if part not in asked:
                        asked.add(part)
                        below.append(part)
            level = self._ask(below)
            found.update(dict.fromkeys(level))
        return list(found)

    def _ask(self, digests):
        out = []
        for at in range(0, len(digests), _ASK):
            part = {"digests": digests[at : at + _ASK]}
            _, answer = self._json("POST", "/api/v1/blobs/missing", part)
            out += json.loads(answer.decode("utf-8")).get("missing") or []
        return out

    def _send(self, digests):
        self._total = self._sent + sum(self._size(digest) for digest in digests)
        pack, size, count = [], 0, 0
        for digest in digests:
            blob = self._files.get(digest)
            if blob is not None and blob.size > _STREAM:
                self._stream(blob)
                continue
            data = self._read(digest)
            if pack and (size + len(data) > _PACK_BYTES or count >= _PACK_BLOBS):
                self._pack(pack, size)
                pack, size, count = [], 0, 0
            pack += (b"%s %d\n" % (digest.encode(), len(data)), data)
            size += len(data)
            count += 1
        if pack:
            self._pack(pack, size)

    def _size(self, digest):
        if digest in self._files:
            return self._files[digest].size
        if digest in self._trees:
            return 0
        raise errors.InternalError(
            "The server asks for %s, which is no part of snapshot %s" % (digest, self.snapshot.id)
        )

    def _read(self, digest):
        """The bytes of a small blob, which still hash to its digest."""
        blob = self._files.get(digest)
        if blob is None:
            return _snapshot_tree.encode(self._trees[digest])
        path = self.snapshot._path(blob)
        try:
            if blob.is_link:
                data = os.readlink(path)
            else:
                with _open(path) as file:
                    data = file.read(blob.size)
        except OSError:
            raise _changed(path)
        if hashlib.sha256(data).hexdigest() != digest:
            raise _changed(path)
        return data

    def _pack(self, pack, size):
        headers = {"Content-Type": "application/octet-stream"}
        self._request("POST", "/api/v1/blobs/pack", b"".join(pack), headers)
        self._advance(size)

    def _stream(self, blob):
        path = self.snapshot._path(blob)
        headers = {"Content-Type": "application/octet-stream"}
        try:
            file = _Part(path, blob.size)
        except OSError:
            raise _changed(path)
        with file:
            try:
                self._request("PUT", "/api/v1/blobs/" + blob.digest, file, headers)
            except errors.InvalidArgumentError:
                raise _changed(path)
        self._advance(blob.size)

    def _advance(self, size):
        self._sent += size
        if self.progress:
            self.progress(min(self._sent, self._total), self._total)

    def _json(self, method, path, body, accept=()):
        headers = {"Content-Type": "application/json"}
        return self._request(method, path, json.dumps(body).encode("utf-8"), headers, accept)

    def _request(self, method, path, body, headers, accept=()):
        status, _, answer = self.client.request(method, path, body=body, headers=headers)
        if status >= 400 and status not in accept:
            raise errors.from_response(status, answer, "%s %s" % (method, path))
        return status, answer


def _open(path):
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb")


class _Part(io.RawIOBase):
    """The first `size` bytes of a file, whatever is appended to it meanwhile."""

    def __init__(self, path, size):
        super(_Part, self).__init__()
        self._file = _open(path)
        self._left = self._size = size

    def readable(self):
        return True

    def seekable(self):
        return True

    def tell(self):
        return self._size - self._left

    def seek(self, offset, whence=os.SEEK_SET):
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self.tell(), os.SEEK_END: self._size}[whence]
        at = min(max(0, base + offset), self._size)
        self._left = self._size - at
        return self._file.seek(at)

    def readinto(self, buffer):
        wanted = memoryview(buffer)[: min(len(buffer), self._left)]
        n = self._file.readinto(wanted)
        if n < len(wanted) and n == 0:
            raise _changed(self._file.name)
        self._left -= n
        return n

    def close(self):
        if not self.closed:
            self._file.close()
        super(_Part, self).close()


def _changed(path):
    text = os.fsdecode(path) if isinstance(path, (bytes, str)) else "A file"
    return errors.ConflictError(
        "%s changed after it was hashed. Make the snapshot again; leave out in .amlignore what is written to "
        "all the time." % text
    )
