"""Rules for the sources that no compiler checks: calls that belong to one module, names and sizes."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# pattern → (folders where it is right, why)
BANNED = {
    r"std::thread\b(?!::)|std::jthread\b": ({"src/net", "src/db", "src/os", "src/cas"}, "threads are made by net, db, os and cas only"),
    r"system_clock::now|steady_clock::now": (set(), "time comes from base::Clock"),
    r"clock_gettime\(": ({"src/base", "src/shim"}, "time comes from base::Clock"),
    r"\bsystem\(|\bpopen\(": (set(), "child programs come from os::ProcessLauncher"),
    r"\brand\(\)|std::mt19937": ({"sim"}, "randomness comes from base::Random"),
    r"\bsleep_for\b|\busleep\(": ({"src/os"}, "wait for the event instead; os::PollUntil where there is none"),
    r"\bthrow\b": (set(), "errors are Results"),
}


def tracked(*patterns):
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "--"] + list(patterns), cwd=str(ROOT), stdout=subprocess.PIPE, check=True)
    return [ROOT / line for line in out.stdout.decode().splitlines() if (ROOT / line).is_file()]


def code_of(line):
    return re.sub(r'"(\\.|[^"\\])*"', '""', line).split("//")[0]


def problems():
    for path in tracked("src/*.cc", "src/*.h", "apps/*.cc", "sim/*.cc", "sim/*.h"):
        name = str(path.relative_to(ROOT))
        if name.endswith("_test.cc"):
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for pattern, (folders, why) in BANNED.items():
                if re.search(pattern, code_of(line)) and not any(name.startswith(f + "/") for f in folders):
                    yield "%s:%d: %s" % (name, number, why)
    for path in tracked("*.md"):
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text()):
            if not (path.parent / target).exists():
                yield "%s: link to %s, which is not there" % (path.relative_to(ROOT), target)


found = list(problems())
print("\n".join(found))
sys.exit(1 if found else 0)
