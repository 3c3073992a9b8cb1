"""Tables that notebooks show."""


def escape(text):
    """Text for HTML, quotes included."""
    out = str(text)
    for char, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#39;")):
        out = out.replace(char, entity)
    return out


def link(url, text):
    """An <a> that opens elsewhere; anything but a web address is shown as text."""
    if not str(url).startswith(("http://", "https://")):
        return escape(text)
    return '<a href="%s" target="_blank" rel="noopener">%s</a>' % (escape(url), escape(text))


class Markup(str):
    """Text that is HTML already."""


def table(columns):
    """One row under its headings; columns: (heading, value) pairs, values escaped unless `Markup`."""
    heads = "".join("<th>%s</th>" % escape(head) for head, _ in columns)
    cells = "".join("<td>%s</td>" % (v if isinstance(v, Markup) else escape(v)) for _, v in columns)
    return '<table style="width:100%%"><tr>%s</tr><tr>%s</tr></table>' % (heads, cells)
