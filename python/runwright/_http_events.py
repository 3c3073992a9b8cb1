"""Server-sent events out of a stream of bytes."""


def parse_events(read_some):
    """Yields ``(event, id, data)`` of a text/event-stream; ``read_some()`` gives bytes, b"" at the end."""
    pending = b""
    event, event_id, data = "message", None, []
    while True:
        piece = read_some()
        if not piece:
            return
        lines = (pending + piece).split(b"\n")
        pending = lines.pop()
        for line in lines:
            if line.endswith(b"\r"):
                line = line[:-1]
            if not line:
                if data:
                    yield event, event_id, b"\n".join(data).decode("utf-8", "replace")
                event, data = "message", []
                continue
            name, _, value = line.partition(b":")
            if value.startswith(b" "):
                value = value[1:]
            if name == b"data":
                data.append(value)
            elif name == b"event":
                event = value.decode("utf-8", "replace")
            elif name == b"id":
                event_id = value.decode("utf-8", "replace")
