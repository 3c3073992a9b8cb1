"""Runs a notebook as the entry script of a run: ``python -m runwright.notebook BOOK.ipynb [ARGUMENT…]``.

Its code cells are run in order, in the environment of the run; what they print is the run's output as it comes. The
executed notebook, with outputs and tracebacks, is ``outputs/<name of the notebook>``. ``sys.argv`` holds the arguments;
where a cell is tagged ``parameters``, arguments ``--name value`` are also set as variables after it. What a cell
records by scrapbook (``sb.glue``) or papermill is a metric of the run.

The first cell that fails ends the run: the error names the notebook and the cell (``book.ipynb, cell 3``: the third
code cell). With nbclient and ipykernel in the environment they run the cells; else `runwright._notebook_shell` does,
which knows the common magics and warns of others.
"""

import ast
import json
import os
import re
import sys

__all__ = ["main", "parameters_of", "run_notebook"]


class NotebookError(Exception):
    """The file cannot be run."""


def main(argv=None):
    """The exit code: 0, or of the cell that ended the notebook."""
    argv = list(sys.argv[1:] if argv is None else argv)
    if not argv:
        sys.stderr.write("usage: python -m runwright.notebook BOOK.ipynb [ARGUMENT...]\n")
        return 2
    try:
        return run_notebook(argv[0], argv[1:], os.path.join("outputs", os.path.basename(argv[0])))
    except NotebookError as error:
        sys.stderr.write("%s\n" % error)
        return 2


def run_notebook(path, arguments=(), target=None):
    """Runs the notebook and writes the executed one to ``target``; returns the exit code."""
    book = _read(path)
    _insert_parameters(book, arguments)
    engine = _engine()
    try:
        return engine(book, os.path.basename(path), [path] + list(arguments))
    finally:
        if target:
            _write(book, target)
        _log_records(book)


def parameters_of(arguments):
    """``{name: value}`` of ``--name value``, ``--name=value`` and bare ``--flag`` (True); values as Python literals
    where they are such, else text."""
    out, name = {}, None
    for argument in arguments:
        match = re.match(r"--?([A-Za-z_][A-Za-z0-9_-]*)(?:=(.*))?\Z", argument, re.S)
        if match:
            name = match.group(1).replace("-", "_")
            out[name] = True if match.group(2) is None else _literal(match.group(2))
        elif name is not None:
            out[name], name = _literal(argument), None
    return out


def _literal(text):
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def source_of(cell):
    """The text of a cell, however it is stored."""
    source = cell.get("source", cell.get("input", ""))
    return "".join(source) if isinstance(source, list) else source


def tags_of(cell):
    return (cell.get("metadata") or {}).get("tags") or []


def _read(path):
    try:
        with open(path, encoding="utf-8") as file:
            book = json.load(file)
    except (OSError, ValueError) as error:
        raise NotebookError("The notebook %s cannot be read: %s" % (path, error))
    if isinstance(book, dict) and "cells" not in book and book.get("worksheets"):
        book["cells"] = [cell for sheet in book.pop("worksheets") for cell in sheet.get("cells") or ()]
        book["nbformat"] = 4
    if not isinstance(book, dict) or not isinstance(book.get("cells"), list):
        raise NotebookError("%s is no notebook: it holds no cells." % path)
    metadata = book.setdefault("metadata", {})
    language = (metadata.get("kernelspec") or {}).get("language") or (metadata.get("language_info") or {}).get("name")
    if language and language.lower() not in ("python", "ipython"):
        raise NotebookError("%s is a notebook for %s; only Python can be run here." % (path, language))
    book.setdefault("nbformat", 4)
    book.setdefault("nbformat_minor", 2)
    for cell in book["cells"]:
        cell["source"] = source_of(cell)
        cell.pop("input", None)
        cell.setdefault("metadata", {})
        if cell.get("cell_type") == "code":
            cell["outputs"], cell["execution_count"] = [], None
    return book


def _insert_parameters(book, arguments):
    values = parameters_of(arguments)
    at = [i for i, cell in enumerate(book["cells"]) if "parameters" in tags_of(cell)]
    if not values or not at:
        return
    text = "# Parameters\n" + "".join("%s = %r\n" % pair for pair in values.items())
    cell = {"cell_type": "code", "metadata": {"tags": ["injected-parameters"]}, "source": text, "outputs": [],
            "execution_count": None}
    if (book["nbformat"], book["nbformat_minor"]) >= (4, 5):
        cell["id"] = "injected-parameters"
    book["cells"].insert(at[0] + 1, cell)


def _engine():
    try:
        import ipykernel  # noqa: F401
        import nbclient  # noqa: F401
        import nbformat  # noqa: F401
    except ImportError:
        from runwright._notebook_shell import run_cells
    else:
        from runwright._notebook_kernel import run_cells
    return run_cells


def _write(book, target):
    try:
        os.makedirs(os.path.dirname(target) or ".", exist_ok=True)
        with open(target, "w", encoding="utf-8") as file:
            json.dump(book, file, indent=1, ensure_ascii=False)
            file.write("\n")
    except OSError as error:
        sys.stderr.write("The executed notebook could not be written to %s: %s\n" % (target, error))


def records_of(book):
    """``[(name, value)]`` of what the cells recorded, in order: scraps of text and JSON, records of papermill."""
    out = []
    for cell in book["cells"]:
        for output in cell.get("outputs") or ():
            data = output.get("data") if isinstance(output, dict) else None
            scrap = (data or {}).get("application/scrapbook.scrap.json+json")
            if isinstance(scrap, dict) and scrap.get("encoder") in ("json", "text") and scrap.get("name"):
                out.append((str(scrap["name"]), scrap.get("data")))
            record = (data or {}).get("application/papermill.record+json")
            if isinstance(record, dict):
                out += [(str(name), value) for name, value in record.items()]
    return out


def _log_records(book):
    records = records_of(book) if os.environ.get("RUNWRIGHT_RUN_DIR") else []
    if not records:
        return
    import runwright

    for name, value in records:
        runwright.log(name, value)


def tell_failure(name, number, error_type, traceback_text):
    """Says which cell failed, with its traceback last: there the run's error is read from."""
    sys.stdout.flush()
    sys.stderr.write("Cell %d of %s failed with %s.\n" % (number, name, error_type))
    sys.stderr.write(traceback_text if traceback_text.endswith("\n") else traceback_text + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
