"""What stands for IPython where it is not installed: ``get_ipython()`` with the common magics.

Magics that only make sense at a screen do nothing; one that is not known is a warning of the run, not an error.
"""

import os
import re
import subprocess
import sys
import time

_NOTHING = ("matplotlib", "load_ext", "reload_ext", "unload_ext", "autoreload", "config", "precision", "colors", "xmode",
            "autosave", "reset_selective", "gui", "pdb", "pprint", "automagic", "logstart", "logstop", "aimport", "pinfo")
_SHOWN = {"html": "text/html", "HTML": "text/html", "markdown": "text/markdown", "latex": "text/latex",
          "svg": "image/svg+xml", "javascript": "application/javascript", "js": "application/javascript"}
_SHELLS = ("bash", "sh", "!", "script")


class Magics:
    """``shell``: `runwright._notebook_shell.Shell`."""

    config = {}

    def __init__(self, shell):
        self._shell = shell
        self.user_ns = shell.namespace

    # Programs.

    def system(self, command):
        """Runs a shell line; what it prints is the cell's output. ``_exit_code`` holds how it ended."""
        self._program(["/bin/sh", "-c", self._expanded(command)])

    def getoutput(self, command):
        """The lines that a shell line prints."""
        done = subprocess.run(self._expanded(command), shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.user_ns["_exit_code"] = done.returncode
        return done.stdout.decode("utf-8", "replace").splitlines()

    def _program(self, argv, text=None):
        sys.stdout.flush()
        process = subprocess.Popen(argv, stdin=subprocess.PIPE if text is not None else subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if text is not None:
            import threading

            def feed():
                try:
                    process.stdin.write(text.encode("utf-8"))
                    process.stdin.close()
                except OSError:  # it ended without reading all
                    pass

            threading.Thread(target=feed, daemon=True).start()
        import codecs

        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while True:
            piece = os.read(process.stdout.fileno(), 65536)
            sys.stdout.write(decoder.decode(piece, not piece))
            if not piece:
                break
        process.stdout.close()
        self.user_ns["_exit_code"] = process.wait()
        return process.returncode

    def _expanded(self, line):
        """``{expression}`` and ``$name`` by the notebook's variables; ``$$name`` is the shell's ``$name``."""

        def braces(match):
            try:
                return str(eval(match.group(1), self.user_ns))
            except Exception:
                return match.group(0)

        def dollar(match):
            if match.group(1):
                return "$" + match.group(2)
            return str(self.user_ns[match.group(2)]) if match.group(2) in self.user_ns else match.group(0)

        line = re.sub(r"\{([^{}]+)\}", braces, line)
        return re.sub(r"\$(\$?)([A-Za-z_]\w*)", dollar, line)

    # Magics.

    def magic(self, line):
        """The old way to call a magic: its name and the rest in one text."""
        name, _, rest = line.lstrip("%").partition(" ")
        return self.run_line_magic(name, rest)

    def run_line_magic(self, name, line, *_):
        """``%name line``."""
        if name in _NOTHING:
            return None
        made = getattr(self, "_line_" + name, None)
        if made is None:
            self._unknown("%" + name)
            return None
        return made(self._expanded(line) if name not in ("time", "timeit") else line)

    def run_cell_magic(self, name, line, cell):
        """``%%name line`` with the rest of the cell."""
        if name in _SHELLS:
            argv = line.split() if name == "script" and line.split() else ["/bin/bash" if name == "bash" else "/bin/sh"]
            code = self._program(argv + (["-s"] if len(argv) == 1 and name != "script" else []), cell)
            if code:
                raise subprocess.CalledProcessError(code, argv)
        elif name in ("python", "python3"):
            if self._program([sys.executable, "-"], cell):
                raise subprocess.CalledProcessError(self.user_ns["_exit_code"], [sys.executable])
        elif name in _SHOWN:
            self._shell.show({_SHOWN[name]: cell, "text/plain": cell})
        elif hasattr(self, "_cell_" + name):
            getattr(self, "_cell_" + name)(line, cell)
        else:
            self._unknown("%%" + name, "; the cell was not run")

    def _unknown(self, name, more=""):
        self._shell.warn("%s has no effect: this notebook was run without IPython, which knows it%s. Add nbclient and "
                         "ipykernel to the packages to have all of them." % (name, more))

    def _line_cd(self, line):
        os.chdir(os.path.expanduser(line.strip().strip("\"'") or "~"))
        print(os.getcwd())

    def _line_pwd(self, line):
        return os.getcwd()

    def _line_env(self, line):
        name, sign, value = line.partition("=") if "=" in line else line.partition(" ")
        if not name.strip():
            return dict(os.environ)
        if not sign:
            return os.environ.get(name.strip())
        os.environ[name.strip()] = value.strip()
        print("env: %s=%s" % (name.strip(), value.strip()))
        return None

    _line_set_env = _line_env

    def _line_pip(self, line):
        import shlex

        self._program([sys.executable, "-m", "pip"] + shlex.split(line))

    def _line_who(self, line):
        print("  ".join(sorted(name for name in self.user_ns if not name.startswith("_"))))

    def _line_run(self, line):
        import runpy
        import shlex

        words = [word for word in shlex.split(line) if word != "-i"]
        before, sys.argv = sys.argv, words
        try:
            self.user_ns.update(runpy.run_path(words[0], run_name="__main__"))
        finally:
            sys.argv = before

    def _line_time(self, line):
        return self._timed(line, self._shell.evaluate)

    def _line_timeit(self, line):
        import timeit

        timer = timeit.Timer(line, globals=self.user_ns)
        count = 1
        while timer.timeit(count) < 0.1:
            count *= 10
        best = min(timer.repeat(3, count)) / count
        print("%.3g s per loop (best of 3, %d loops each)" % (best, count))

    def _timed(self, code, run):
        wall, cpu = time.time(), time.process_time()
        try:
            return run(code)
        finally:
            print("CPU times: total: %.3g s\nWall time: %.3g s" % (time.process_time() - cpu, time.time() - wall))

    def _cell_time(self, line, cell):
        self._timed(cell, self._shell.run_text)

    def _cell_timeit(self, line, cell):
        self._line_timeit(cell)

    def _cell_capture(self, line, cell):
        kept = self._shell.captured(cell)
        names = [word for word in line.split() if not word.startswith("-")]
        if names:
            self.user_ns[names[0]] = kept

    def _cell_writefile(self, line, cell):
        words = line.split()
        append = "-a" in words or "--append" in words
        path = os.path.expanduser([word for word in words if not word.startswith("-")][0])
        told = "Appending to" if append else "Overwriting" if os.path.exists(path) else "Writing"
        with open(path, "a" if append else "w", encoding="utf-8") as file:
            file.write(cell if not cell or cell.endswith("\n") else cell + "\n")
        print("%s %s" % (told, path))

    _cell_file = _cell_writefile
