"""The journal writer against docs/dev/formats/journal.md and its vectors, in every interpreter of this machine."""

import errno
import json
import math
import os
import signal
import struct
import subprocess
import threading

import pytest
from runwright import _journal_backlog, _process, journal
from runwright._journal_writer import JournalWriter
from sdk_support import ROOT, SDK

VECTORS = os.path.join(ROOT, "tests", "vectors", "journal.json")


def load_vectors():
    with open(VECTORS) as file:
        return json.load(file)


def file_records(writer):
    with open(os.path.join(writer.folder, writer.writer + ".rwj"), "rb") as file:
        return journal.read_records(file.read())


def test_vectors_are_what_we_write():
    vectors = load_vectors()
    data = journal.FILE_HEADER
    for one in vectors["records"]:
        record = journal.pack_record(one["seq"], one["wall_us"], one["boot_us"], one["kind"], bytes.fromhex(one["body_hex"]))
        assert record.hex() == one["record_hex"]
        data += record
    assert data.hex() == vectors["file_hex"]


def test_vectors_are_what_we_read():
    vectors = load_vectors()
    records = journal.read_records(bytes.fromhex(vectors["file_hex"]))
    assert len(records) == len(vectors["records"])
    for record, one in zip(records, vectors["records"]):
        assert (record.kind, record.seq, record.wall_us, record.boot_us) == (one["kind"], one["seq"], one["wall_us"], one["boot_us"])
        assert record.body.hex() == one["body_hex"]
    assert records[1].number() == ("loss", 0.1, None)
    assert repr([records[-2].number(), records[-1].number()]) == "[('epoch', 3, None), ('epoch', -9007199254740992, -2)]"
    assert records[3].number()[0] == "přesnost" and math.isnan(records[3].number()[1])


def test_a_torn_or_damaged_record_ends_the_reading():
    data = bytes.fromhex(load_vectors()["file_hex"])
    whole = journal.read_records(data)
    for cut in range(whole[1].end, whole[2].end):
        assert len(journal.read_records(data[:cut])) == 2
    damaged = bytearray(data)
    damaged[whole[1].end + 20] ^= 1
    assert len(journal.read_records(bytes(damaged))) == 2
    rest = journal.read_records(data[whole[4].end :], whole[4].end)
    assert [record.seq for record in rest] == [record.seq for record in whole[5:]]


def test_numbers_are_kept_bit_for_bit(tmp_path):
    writer = JournalWriter(str(tmp_path), "run")
    numbers = [0.1, -0.0, 5e-324, 1.7976931348623157e308, float("nan"), float("inf"), float("-inf")]
    numbers.append(struct.unpack("<d", b"\x01\x02\x03\x04\x05\x06\xf8\x7f")[0])
    for i, number in enumerate(numbers):
        writer.number("přesnost@1", number, i)
    writer.number(7, 1.0)
    records = file_records(writer)
    assert records[0].document() == {
        "run_id": "run", "boot_id": _process.boot_id(), "pid": os.getpid(), "start_ticks": _process.start_ticks(),
        "writer": writer.writer, "version": 1,
    }
    for i, (record, number) in enumerate(zip(records[1:], numbers)):
        name, value, step = record.number()
        assert (name, struct.pack("<d", value), step) == ("přesnost@1", struct.pack("<d", number), i)
    assert records[-1].number() == ("7", 1.0, None)
    assert [record.seq for record in records] == list(range(len(records)))
    assert os.stat(os.path.join(writer.folder, writer.writer + ".rwj")).st_mode & 0o777 == 0o600


def test_a_record_is_one_write(tmp_path, monkeypatch):
    writes = []
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: writes.append(bytes(data)) or real(fd, data))
    writer = JournalWriter(str(tmp_path), "run")
    writer.number("a", 1.0)
    writer.record(journal.TAG, {"run_id": "run", "set": {"k": None}, "remove": []})
    assert len(writes) == 3 and writes[0].startswith(journal.FILE_HEADER)
    assert writer.offset == sum(map(len, writes))


def test_json_bodies(tmp_path):
    writer = JournalWriter(str(tmp_path), "run")
    value = {"x": 1, "y": float("nan"), "z": [float("-inf"), 0.1]}
    writer.record(journal.METRIC, {"run_id": "run", "name": "ř", "type": "row", "value": value})
    writer.record(journal.PROPERTY, {"run_id": "child", "set": {"a": "b"}})
    records = file_records(writer)
    assert records[1].body.decode() == (
        '{"name":"ř","type":"row","value":{"x":1,"y":{"$number":"NaN"},"z":[{"$number":"-Infinity"},0.1]}}'
    )
    assert records[2].document() == {"run_id": "child", "set": {"a": "b"}}


def test_numbers_of_other_runs_are_preceded_by_a_run_record(tmp_path):
    writer = JournalWriter(str(tmp_path), "run")
    for run in ("run", "child", "child", "run"):
        writer.number("a", 1.0, None, run)
    kinds = [record.kind for record in file_records(writer)]
    assert kinds == [journal.OPEN, journal.NUMBER, journal.RUN, journal.NUMBER, journal.NUMBER, journal.RUN, journal.NUMBER]


def test_a_forked_child_writes_a_file_of_its_own(tmp_path):
    writer = JournalWriter(str(tmp_path), "run")
    writer.number("a", 1.0)
    parent = writer.writer
    child = os.fork()
    if child == 0:
        try:
            writer.number("a", 2.0)
            os._exit(0 if writer.writer != parent else 1)
        finally:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    writer.number("a", 3.0)
    assert [record.number()[1] for record in file_records(writer)[1:]] == [1.0, 3.0]
    assert len(os.listdir(str(tmp_path))) == 2


def test_threads(tmp_path):
    writer = JournalWriter(str(tmp_path), "run")

    def work(number):
        for i in range(500):
            writer.number("t%d" % number, float(i))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    records = file_records(writer)[1:]
    assert [record.seq for record in records] == list(range(1, 2001))
    for n in range(4):
        assert [r.number()[1] for r in records if r.number()[0] == "t%d" % n] == [float(i) for i in range(500)]


@pytest.mark.parametrize("round", range(5))
def test_a_signal_handler_may_log(tmp_path, round):
    writer = JournalWriter(str(tmp_path), "run")
    said = []

    def handler(*_):
        said.append(1)
        writer.number("signal", 1.0)
        writer.record(journal.TAG, {"set": {"a": "b"}, "remove": []})

    previous = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.0002, 0.0002)
    try:
        for i in range(5000):
            writer.number("loop", float(i))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    records = file_records(writer)
    assert os.listdir(str(tmp_path)) == [writer.writer + ".rwj"]
    numbers = [r.number() for r in records if r.kind == journal.NUMBER]
    assert [value for name, value, _ in numbers if name == "loop"] == [float(i) for i in range(5000)]
    assert len([1 for name, _, _ in numbers if name == "signal"]) == len(said)
    assert len([1 for r in records if r.kind == journal.TAG]) == len(said)
    assert [r.seq for r in records] == list(range(len(records)))


class FullDisk:
    """`os.write` onto a disk with room for ``room`` bytes."""

    def __init__(self, room):
        self.room = room
        self.real = os.write

    def __call__(self, fd, data):
        if self.room <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        data = data[: self.room]
        self.room -= len(data)
        return self.real(fd, data)


def test_a_full_disk_is_waited_out_in_memory(tmp_path, monkeypatch):
    warnings = []
    writer = JournalWriter(str(tmp_path), "run", warnings.append)
    disk = FullDisk(400)
    monkeypatch.setattr(os, "write", disk)
    for i in range(50):
        writer.number("loss", float(i))
    assert len(warnings) == 1 and "No space left" in warnings[0]
    assert not writer.flush_memory()
    torn = len(file_records(writer))
    disk.room = 1 << 30
    assert writer.flush_memory()
    records = file_records(writer)
    assert len(records) > torn and [r.number()[1] for r in records[1:]] == [float(i) for i in range(50)]
    assert [r.seq for r in records] == list(range(51))
    assert len(warnings) == 1


def test_what_does_not_fit_into_memory_is_counted(tmp_path, monkeypatch):
    writer = JournalWriter(str(tmp_path), "run", lambda text: None)
    writer.number("loss", -1.0)
    disk = FullDisk(10)
    monkeypatch.setattr(os, "write", disk)
    monkeypatch.setattr(_journal_backlog, "BUFFER_BYTES", 500)
    for i in range(100):
        writer.number("loss", float(i))
    disk.room = 1 << 30
    assert writer.flush_memory()
    writer.number("loss", 1000.0)
    records = file_records(writer)
    kept = [r.number()[1] for r in records if r.kind == journal.NUMBER]
    lost = [r.document()["points"] for r in records if r.kind == journal.LOST]
    assert len(lost) == 1 and len(kept) + lost[0] == 102
    assert kept[:-1] == [float(i) for i in range(-1, len(kept) - 2)] and kept[-1] == 1000.0
    assert [r.seq for r in records] == list(range(len(records)))


def test_a_folder_that_comes_later(tmp_path):
    warnings = []
    writer = JournalWriter(str(tmp_path / "journal"), "run", warnings.append)
    writer.number("loss", 1.0)
    assert len(warnings) == 1
    (tmp_path / "journal").mkdir()
    writer.number("loss", 2.0)
    assert writer.flush_memory()
    assert [r.number()[1] for r in file_records(writer)[1:]] == [1.0, 2.0]


def test_a_program_that_closes_every_descriptor_goes_on_in_a_new_file(tmp_path):
    writer = JournalWriter(str(tmp_path), "run")
    writer.number("loss", 1.0)
    os.close(writer._fd)
    writer.number("loss", 2.0)
    writer.number("loss", 3.0)
    assert [r.number()[1] for r in file_records(writer)[1:]] == [2.0, 3.0]
    assert len(os.listdir(str(tmp_path))) == 2


def test_every_file_says_which_children_it_speaks_of(tmp_path):
    writer = JournalWriter(str(tmp_path), "run")
    writer.record(journal.CHILD, {"run_id": "a", "parent_id": "run"})
    writer.record(journal.CHILD, {"run_id": "b", "parent_id": "a", "tags": {"t": None}})
    first = writer.writer
    pid = os.fork()
    if pid == 0:
        writer.number("home", 1.0)
        writer.number("x", 1.0, run_id="b")
        writer.record(journal.TAG, {"run_id": "a", "set": {}, "remove": []})
        writer.number("x", 2.0, run_id="b")
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    (other,) = [name for name in os.listdir(str(tmp_path)) if name != first + ".rwj"]
    with open(str(tmp_path / other), "rb") as file:
        records = journal.read_records(file.read())
    kinds = [(r.kind, None if r.kind == journal.NUMBER else r.document().get("run_id")) for r in records[1:]]
    assert kinds == [(journal.NUMBER, None), (journal.CHILD, "a"), (journal.CHILD, "b"), (journal.RUN, "b"), (journal.NUMBER, None),
                     (journal.TAG, "a"), (journal.NUMBER, None)]
    assert records[3].document() == {"run_id": "b", "parent_id": "a", "tags": {"t": None}}


def test_closed_descriptors_leave_values_with_their_run(tmp_path):
    writer = JournalWriter(str(tmp_path), "run")
    writer.record(journal.CHILD, {"run_id": "a", "parent_id": "run"})
    writer.number("x", 1.0, run_id="a")
    os.close(writer._fd)
    writer.number("x", 2.0, run_id="a")
    records = file_records(writer)
    assert [r.kind for r in records] == [journal.OPEN, journal.CHILD, journal.RUN, journal.NUMBER]


SCRIPT = r"""
import json, os, sys
sys.path.insert(0, %(sdk)r)
from runwright import journal
vectors = json.load(open(%(vectors)r))
for one in vectors["records"]:
    body = bytes(bytearray.fromhex(one["body_hex"]))
    record = journal.pack_record(one["seq"], one["wall_us"], one["boot_us"], one["kind"], body)
    assert record == bytes(bytearray.fromhex(one["record_hex"])), one
assert len(journal.read_records(bytes(bytearray.fromhex(vectors["file_hex"])))) == len(vectors["records"])
import runwright
runwright.log("loss", 0.5)
runwright.log("step", 3, step=1)
runwright.log("name", "text")
runwright.log_row("row", a=1, b=float("nan"))
runwright.log_list("list", (i for i in range(3)))
runwright.tag("k", "v")
pid = os.fork()
if pid == 0:
    runwright.log("child", 1.0)
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
runwright.current().complete()
"""


def test_every_interpreter_writes_the_same(interpreter, run_folder, clean_env):
    script = SCRIPT % {"sdk": SDK, "vectors": VECTORS}
    env = clean_env(RUNWRIGHT_RUN_DIR=run_folder.path)
    subprocess.run([interpreter, "-W", "error", "-c", script], check=True, env=env, timeout=60)
    files = run_folder.records()
    assert sorted(len(records) for records in files) == [2, 8]
    records = max(files, key=len)
    assert records[1].number() == ("loss", 0.5, None)
    assert records[2].number() == ("step", 3.0, 1)
    assert records[3].document() == {"name": "name", "type": "scalar", "value": "text"}
    assert math.isnan(records[4].document()["value"]["b"])
    assert records[5].document()["value"] == [0, 1, 2]
    assert records[6].document() == {"set": {"k": "v"}, "remove": []}
    assert records[7].document() == {"status": "Completed"}
    assert min(files, key=len)[1].number() == ("child", 1.0, None)


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs /proc")
def test_start_ticks_are_those_of_the_process():
    with open("/proc/%d/stat" % os.getpid()) as file:
        assert _process.start_ticks() == int(file.read().rpartition(")")[2].split()[19])


def test_what_a_full_disk_never_took_is_told_at_the_end(tmp_path, monkeypatch):
    told = []
    writer = JournalWriter(str(tmp_path), "r", warn=lambda text: None)
    writer.tell_lost = told.append
    writer.number("i", 0.0)
    monkeypatch.setattr(os, "write", _refuse)
    for i in range(5):
        writer.number("i", float(i))
    writer._at_exit()
    assert told == [5]


def _refuse(fd, data):
    raise OSError(errno.ENOSPC, "No space left on device")
