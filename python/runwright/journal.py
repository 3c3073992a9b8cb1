"""Records of a run's journal as bytes (docs/dev/formats/journal.md): made, and read again.

What writes them to a file is `runwright._journal_writer`.
"""

import struct
from zlib import crc32

FILE_HEADER = b"RWJ1\r\n\x00\x00"
OPEN, NUMBER, METRIC, TAG, PROPERTY, CHILD, END, RUN, LOST = range(1, 10)
MAX_LENGTH = 16 * 1024 * 1024

PREFIX = struct.Struct("<II")  # length, crc
HEAD = struct.Struct("<QqqB")  # seq, wall_us, boot_us, kind


def encode_text(text):
    """UTF-8 of text (of ``str(text)`` for other objects); lone surrogates become question marks."""
    try:
        return text.encode("utf-8")
    except AttributeError:
        return encode_text(str(text))
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def encode_json(value):
    """Compact JSON as the format wants it: UTF-8, numbers that JSON lacks as ``{"$number": "NaN"}``."""
    import json

    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError:
        text = json.dumps(wrap_numbers(value), ensure_ascii=False, separators=(",", ":"))
    return encode_text(text)


def wrap_numbers(value):
    """``value`` with NaN and infinities as ``{"$number": name}``."""
    if isinstance(value, float):
        if value != value:
            return {"$number": "NaN"}
        if value in (float("inf"), float("-inf")):
            return {"$number": "Infinity" if value > 0 else "-Infinity"}
        return value
    if isinstance(value, dict):
        return {key: wrap_numbers(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [wrap_numbers(one) for one in value]
    return value


def unwrap_numbers(value):
    """The inverse of `wrap_numbers`; also takes the bare strings that the server's answers hold at the top."""
    if isinstance(value, dict):
        if len(value) == 1 and "$number" in value:
            return float(value["$number"].replace("Infinity", "inf"))
        return {key: unwrap_numbers(one) for key, one in value.items()}
    if isinstance(value, list):
        return [unwrap_numbers(one) for one in value]
    return value


def pack_record(seq, wall_us, boot_us, kind, body):
    """The bytes of one record."""
    tail = HEAD.pack(seq, wall_us, boot_us, kind) + body
    return PREFIX.pack(len(tail), crc32(tail)) + tail


class Record:
    """One record as it was read. ``body`` is bytes; `document` decodes a JSON body, `number` that of kind NUMBER."""

    __slots__ = ("body", "boot_us", "end", "kind", "seq", "wall_us")

    def __init__(self, seq, wall_us, boot_us, kind, body, end):
        self.seq, self.wall_us, self.boot_us = seq, wall_us, boot_us
        self.kind, self.body, self.end = kind, body, end

    def document(self):
        import json

        return unwrap_numbers(json.loads(self.body.decode("utf-8")))

    def number(self):
        """``(name, value, step or None)``; an int where one was logged."""
        flags = self.body[0]
        step = struct.unpack_from("<q", self.body, 1)[0] if flags & 1 else None
        at = 9 if flags & 1 else 1
        value = struct.unpack_from("<d", self.body, at)[0]
        return self.body[at + 8 :].decode("utf-8"), int(value) if flags & 2 else value, step


def read_records(data, offset=0):
    """The whole records of ``data`` (a journal file from byte ``offset``, which is 0 or a record's end).

    Stops at a record that is not whole or has a wrong crc. `Record.end` is where it ends in the file.
    """
    at = 0
    records = []
    if offset == 0:
        if data[: len(FILE_HEADER)] != FILE_HEADER:
            return records
        at = len(FILE_HEADER)
    while at + 8 <= len(data):
        length, crc = PREFIX.unpack_from(data, at)
        tail = data[at + 8 : at + 8 + length]
        if length < 25 or length > MAX_LENGTH or len(tail) < length or crc32(tail) != crc:
            break
        seq, wall_us, boot_us, kind = HEAD.unpack_from(tail)
        at += 8 + length
        records.append(Record(seq, wall_us, boot_us, kind, tail[25:], offset + at))
    return records


def whole_size(data, offset=0):
    """Bytes of the whole records at the beginning of ``data``, by their lengths alone."""
    at = len(FILE_HEADER) if offset == 0 else 0
    size = len(data)
    whole = 0
    while at + 8 <= size:
        length = PREFIX.unpack_from(data, at)[0]
        if length < 25 or length > MAX_LENGTH:
            return size if at == whole else whole  # the server says what is wrong with it
        at += 8 + length
        if at > size:
            break
        whole = at
    return whole
