#include "executor/proc_reader.h"

#include <unistd.h>

#include <cstdlib>

#include "base/strings.h"
#include "os/file_system.h"

namespace rw::executor {
namespace {
constexpr size_t kMostProcesses = 4096;

std::string TextOf(const std::string& path) {
  return os::ReadFile(os::PosixFileSystem(), path, 1 << 20).value_or("");
}

int64_t TicksToMicros(int64_t ticks) {
  static const int64_t kPerSecond = sysconf(_SC_CLK_TCK);
  return ticks * (1'000'000 / kPerSecond);
}

std::vector<int64_t> Numbers(std::string_view text) {
  std::vector<int64_t> out;
  for (const std::string& word : Split(text, ' '))
    if (!word.empty()) out.push_back(ParseInt(word).value_or(0));
  return out;
}

/// The number behind "`name`:" at the start of a line.
int64_t Member(const std::string& text, const std::string& name) {
  size_t at = text.starts_with(name) ? 0 : text.find("\n" + name);
  if (at == std::string::npos) return -1;
  at = text.find_first_of("0123456789", at + name.size());
  return at == std::string::npos ? -1 : strtoll(text.c_str() + at, nullptr, 10);
}

std::vector<int> ChildrenOf(int pid) {
  std::vector<int> out;
  std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  auto threads = os::PosixFileSystem().List(tasks);
  if (!threads) return out;
  for (const os::DirEntry& thread : *threads) {
    std::string path = tasks;
    path.append("/").append(thread.name).append("/children");
    for (int64_t child : Numbers(TextOf(path))) out.push_back(static_cast<int>(child));
  }
  return out;
}

void AddProcess(int pid, NodeSample& sample) {
  std::string folder = "/proc/" + std::to_string(pid);
  std::string stat = TextOf(folder + "/stat");
  size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return;
  auto fields = Numbers(std::string_view(stat).substr(name_end + 1));  // [0] is field 3
  if (fields.size() < 22) return;
  sample.processes++;
  // With children that it has waited for.
  sample.cpu_us += TicksToMicros(fields[11] + fields[12] + fields[13] + fields[14]);
  sample.resident_bytes += fields[21] * sysconf(_SC_PAGESIZE);
  std::string io = TextOf(folder + "/io");
  sample.read_bytes += std::max<int64_t>(0, Member(io, "read_bytes"));
  sample.written_bytes += std::max<int64_t>(0, Member(io, "write_bytes"));
}

void AddNetwork(NodeSample& sample) {
  int64_t received = 0, sent = 0;
  for (const std::string& line : Split(TextOf("/proc/net/dev"), '\n')) {
    size_t colon = line.find(':');
    if (colon == std::string::npos || Trim(line.substr(0, colon)) == "lo") continue;
    auto numbers = Numbers(std::string_view(line).substr(colon + 1));
    if (numbers.size() < 9) continue;
    received += numbers[0];
    sent += numbers[8];
  }
  sample.received_bytes = received;
  sample.sent_bytes = sent;
}
}  // namespace

void AddProcesses(int root, NodeSample& sample) {
  std::vector<int> pids = ChildrenOf(root);
  const int self = getpid();
  for (size_t i = 0; i < pids.size() && pids.size() < kMostProcesses; i++) {
    if (pids[i] == self) continue;
    AddProcess(pids[i], sample);
    for (int child : ChildrenOf(pids[i])) pids.push_back(child);
  }
}

void AddMachine(NodeSample& sample) {
  std::string stat = TextOf("/proc/stat");
  auto cpu =
      Numbers(std::string_view(stat).substr(0, stat.find('\n')));  // "cpu user nice system …"
  if (cpu.size() > 8)
    sample.machine_cpu_us = TicksToMicros(cpu[1] + cpu[2] + cpu[3] + cpu[6] + cpu[7] + cpu[8]);
  std::string memory = TextOf("/proc/meminfo");
  int64_t total = Member(memory, "MemTotal"), available = Member(memory, "MemAvailable");
  if (total > 0 && available >= 0) sample.machine_memory_bytes = (total - available) * 1024;
  sample.machine_oom_kills = Member(TextOf("/proc/vmstat"), "oom_kill ");
  AddNetwork(sample);
}

}  // namespace rw::executor
