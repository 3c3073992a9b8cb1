"""What the runs of the chaos test do. Beside the run, in a folder that no kill touches, it notes what it knows itself."""
import os
import sys
import time

from azureml.core import Run

notes, steps, code = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
run = Run.get_context()


def note(name, text):
    """By one write: a kill leaves the whole of it or nothing."""
    with open(os.path.join(notes, "%s.%s" % (run.id, name)), "w") as file:
        file.write(text)


note("start.%d" % os.getpid(), "")
for i in range(steps):
    run.log("i", i)
    print("line %d" % i)
    if i % 40 == 39:
        run.flush()
        note("acked", str(i + 1))
    time.sleep(0.004)
with open("outputs/result.txt", "w") as file:
    file.write("result of %s" % run.id)
note("done", str(steps))
sys.exit(code)
