"""What each run of the chaos test does: says that it started, logs and prints, and notes what was acked."""
import sys
import time

from runwright.run import current

with open("starts", "a") as file:
    file.write("start\n")
run = current()
for i in range(int(sys.argv[1])):
    run.log("i", i)
    print("line %d" % i)
    if i % 100 == 99:
        run.flush()
        with open("acked", "a") as file:
            file.write("%d\n" % (i + 1))
    time.sleep(0.002)
with open("outputs/done", "w") as file:
    file.write("done")
