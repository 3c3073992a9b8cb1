"""Runs the cells of a notebook by nbclient and ipykernel, as Jupyter does."""

import re
import sys

from runwright.notebook import tags_of, tell_failure

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def run_cells(book, name, argv):
    """Runs the code cells and fills in their outputs; returns the exit code."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    class Client(NotebookClient):
        def process_message(self, msg, cell, cell_index):
            _show(msg.get("msg_type"), msg.get("content") or {})
            return super(Client, self).process_message(msg, cell, cell_index)

    made = nbformat.from_dict(book)
    client = Client(made, timeout=None, kernel_name="python3", record_timing=False,
                    resources={"metadata": {"path": "."}})
    setup = nbformat.from_dict({"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None,
                                "source": "import sys as _sys\n_sys.argv[:] = %r" % (argv,)})
    cells, number = list(made.cells), 0
    try:
        with client.setup_kernel():
            made.cells.append(setup)
            client.execute_cell(setup, len(cells), store_history=False)
            for index, cell in enumerate(cells):
                if cell.cell_type == "code" and cell.source.strip():
                    number += 1
                    client.execute_cell(cell, index)
    except CellExecutionError:
        return _failed(cell, name, number)
    except DeadKernelError as error:
        sys.stderr.write("The kernel died in cell %d of %s: %s\n" % (number, name, error))
        return 1
    finally:
        made.cells = cells
        book.clear()
        book.update(made)
    return 0


def _show(kind, content):
    text = content.get("text") if kind == "stream" else None
    if kind in ("display_data", "execute_result"):
        text = (content.get("data") or {}).get("text/plain")
        text = text + "\n" if text else None
    if text:
        stream = sys.stderr if content.get("name") == "stderr" else sys.stdout
        stream.write(text)
        stream.flush()


def _failed(cell, name, number):
    """Ends with the cell that failed; nbclient lets those go on that are tagged ``raises-exception``."""
    error = [one for one in cell.outputs if one.output_type == "error"][-1]
    if error.ename == "SystemExit" and "raises-exception" not in tags_of(cell):
        if error.evalue in ("", "0", "None"):
            return 0
        sys.stderr.write("Cell %d of %s ended the notebook: SystemExit: %s\n" % (number, name, error.evalue))
        return int(error.evalue) if error.evalue.isdigit() else 1
    text = _COLOURS.sub("", "\n".join(error.traceback))
    sys.stderr.write(text + "\n")
    arrow = re.search(r"^-+> ?(\d+)", text, re.M)
    tell_failure(name, number, error.ename, 'Traceback (most recent call last):\n  File "%s, cell %d", line %s, in <module>\n'
                 "%s: %s\n" % (name, number, arrow.group(1) if arrow else 1, error.ename, error.evalue))
    return 1
