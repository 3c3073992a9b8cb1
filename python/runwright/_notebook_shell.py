"""Runs the cells of a notebook in this process, without IPython."""

import ast
import linecache
import os
import sys
import traceback
import types

from runwright._notebook_cells import cell_magic, parsed
from runwright._notebook_magics import Magics
from runwright.notebook import source_of, tags_of, tell_failure


def run_cells(book, name, argv):
    """Runs the code cells and fills in their outputs; returns the exit code."""
    book["metadata"].setdefault("kernelspec", {"display_name": "Python 3", "language": "python", "name": "python3"})
    shell = Shell(name, argv)
    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _Tee(streams[0], "stdout", shell), _Tee(streams[1], "stderr", shell)
    try:
        return _run_all(book, name, shell)
    finally:
        sys.stdout, sys.stderr = streams


def _run_all(book, name, shell):
    number = 0
    for cell in book["cells"]:
        if cell.get("cell_type") != "code" or not source_of(cell).strip():
            continue
        number += 1
        cell["execution_count"] = number
        shell.begin(cell["outputs"], number)
        try:
            shell.run_cell(source_of(cell))
            shell.flush_figures()
        except SystemExit as ending:
            return _left(ending, name, number)
        except BaseException as error:
            told = shell.explain(error)
            cell["outputs"].append({"output_type": "error", "ename": type(error).__name__, "evalue": str(error),
                                    "traceback": told.splitlines()})
            if "raises-exception" in tags_of(cell) and isinstance(error, Exception):
                continue
            shell.outputs = None
            tell_failure(name, number, type(error).__name__, told)
            return 1
    return 0


def _left(ending, name, number):
    code = ending.code
    if code is None or code == 0:
        return 0
    sys.stdout.flush()
    if not isinstance(code, int):
        sys.stderr.write("%s\n" % (code,))
        code = 1
    sys.stderr.write("Cell %d of %s ended the notebook with exit code %d.\n" % (number, name, code))
    return code


class Shell:
    """The notebook's variables, and what its cells show."""

    def __init__(self, name, argv):
        self.name, self.outputs, self.number = name, None, 0
        self.log = sys.stdout
        module = types.ModuleType("__main__")
        self._first_main = sys.modules.get("__main__")
        sys.modules["__main__"] = module  # where pickle looks for the notebook's classes
        self.namespace = module.__dict__
        self.magics = Magics(self)
        self.namespace.update(display=self.display, get_ipython=lambda: self.magics, In=[""], Out={})
        sys.argv[:] = argv
        folder = os.path.dirname(os.path.abspath(argv[0]))
        if folder not in (os.path.abspath(path or ".") for path in sys.path):
            sys.path.insert(0, folder)
        os.environ.setdefault("MPLBACKEND", "Agg")

    def begin(self, outputs, number):
        self.outputs, self.number = outputs, number

    # Running.

    def run_cell(self, source):
        self.namespace["In"].append(source)
        magic = cell_magic(source)
        if magic:
            self.magics.run_cell_magic(*magic)
        else:
            self.run_text(source)

    def run_text(self, source):
        """Runs statements; the value of the last one is shown unless a semicolon ends it."""
        filename = "%s, cell %d" % (self.name, self.number)
        linecache.cache[filename] = (len(source), None, [line + "\n" for line in source.split("\n")], filename)
        tree, text = parsed(source, filename)
        last = None
        if tree.body and isinstance(tree.body[-1], ast.Expr) and not text.rstrip().endswith(";"):
            last = ast.Expression(tree.body.pop().value)
        exec(compile(tree, filename, "exec", dont_inherit=True), self.namespace)
        if last is not None:
            self._result(eval(compile(last, filename, "eval", dont_inherit=True), self.namespace))

    def evaluate(self, text):
        """The value of an expression; statements are run and give None."""
        try:
            code = compile(text, "<magic>", "eval", dont_inherit=True)
        except SyntaxError:
            exec(compile(text, "<magic>", "exec", dont_inherit=True), self.namespace)
            return None
        return eval(code, self.namespace)

    def captured(self, cell):
        """Runs the text of a cell and gives its outputs in place of showing them."""
        shown, self.outputs = self.outputs, []
        try:
            self.run_text(cell)
            return Captured(self.outputs)
        finally:
            self.outputs = shown

    # Showing.

    def _result(self, value):
        if value is None:
            return
        self.namespace["_"] = self.namespace["Out"][self.number] = value
        self.show(bundle_of(value), {"output_type": "execute_result", "execution_count": self.number})

    def display(self, *values, **options):
        """Shows values in the executed notebook, and as text in the log. raw=True: they are MIME bundles."""
        raw = options.get("raw")
        for value in values:
            self.show(dict(value) if raw and isinstance(value, dict) else bundle_of(value))

    def show(self, data, kind=None):
        if self.outputs is not None:
            self.outputs.append(dict(kind or {"output_type": "display_data"}, data=data, metadata={}))
        text = data.get("text/plain")
        if text:
            self.log.write(text + "\n")
            self.log.flush()

    def flush_figures(self):
        """Figures that matplotlib has open become outputs of the cell."""
        pyplot = sys.modules.get("matplotlib.pyplot")
        if pyplot is None or self.outputs is None:
            return
        if not hasattr(pyplot.show, "of_notebook"):
            pyplot.show = self._make_show()
        for number in pyplot.get_fignums():
            import base64
            import io

            figure, bytes_ = pyplot.figure(number), io.BytesIO()
            figure.savefig(bytes_, format="png", bbox_inches="tight")
            self.show({"image/png": base64.b64encode(bytes_.getvalue()).decode("ascii"), "text/plain": repr(figure)})
        pyplot.close("all")

    def _make_show(self):
        def show(*args, **kwargs):  # a function: matplotlib sets attributes of it
            self.flush_figures()

        show.of_notebook = True
        return show

    # Words.

    def warn(self, text):
        """On standard error, and in the warnings of the run."""
        sys.stderr.write("Warning: %s\n" % text)
        if not os.environ.get("RUNWRIGHT_RUN_DIR"):
            return
        try:
            from runwright.run import current

            run = current()
            run.api.warn(run.id, "notebook", "%s: %s" % (self.name, text))
        except Exception as error:  # the notebook goes on without it
            sys.stderr.write("The warning could not be kept: %s\n" % error)

    def explain(self, error):
        """The traceback from the notebook's own frames on."""
        trace = error.__traceback__
        while trace is not None and not trace.tb_frame.f_code.co_filename.startswith(self.name + ", cell"):
            trace = trace.tb_next
        told = "".join(traceback.format_exception(type(error), error, trace))
        if trace is not None or isinstance(error, SyntaxError):
            return told
        return 'Traceback (most recent call last):\n  File "%s, cell %d", line 1, in <module>\n%s' % (
            self.name, self.number, told)


class Captured:
    """What ``%%capture`` kept."""

    def __init__(self, outputs):
        self.outputs = outputs
        streams = [one for one in outputs if one["output_type"] == "stream"]
        self.stdout = "".join(one["text"] for one in streams if one["name"] == "stdout")
        self.stderr = "".join(one["text"] for one in streams if one["name"] == "stderr")

    def __str__(self):
        return self.stdout


def bundle_of(value):
    """``{MIME type: text}`` of how a value shows itself."""
    out = {"text/plain": repr(value)}
    for method, kind in (("_repr_html_", "text/html"), ("_repr_markdown_", "text/markdown"),
                         ("_repr_svg_", "image/svg+xml"), ("_repr_latex_", "text/latex"),
                         ("_repr_png_", "image/png"), ("_repr_jpeg_", "image/jpeg")):
        made = getattr(type(value), method, None)
        if made is None:
            continue
        try:
            data = made(value)
        except Exception as error:  # a value that cannot show itself so is shown as text
            sys.stderr.write("%s of %s failed: %s\n" % (method, type(value).__name__, error))
            continue
        if isinstance(data, tuple):
            data = data[0]
        if isinstance(data, bytes):
            import base64

            data = base64.b64encode(data).decode("ascii")
        if data:
            out[kind] = data
    return out


class _Tee:
    """A stream that keeps what is written as output of the cell and passes it on to the log."""

    def __init__(self, stream, name, shell):
        self._stream, self._name, self._shell = stream, name, shell

    def write(self, text):
        outputs = self._shell.outputs
        if outputs is not None and text:
            last = outputs[-1] if outputs else {}
            if last.get("output_type") == "stream" and last.get("name") == self._name:
                last["text"] += text
            else:
                outputs.append({"output_type": "stream", "name": self._name, "text": text})
        return self._stream.write(text)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def __getattr__(self, name):
        return getattr(self._stream, name)
