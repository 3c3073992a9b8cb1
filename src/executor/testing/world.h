// One run's whole surroundings in memory: file system, virtual time, server, shim, and a snapshot
// to run.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "executor/executor.h"
#include "executor/testing/fake_node.h"
#include "executor/testing/fake_supervisor.h"
#include "executor/testing/scripted_server.h"
#include "executor/testing/virtual_loop.h"
#include "os/testing/memory_file_system.h"

namespace rw::executor::testing {

class CountingRandom final : public Random {
 public:
  void Fill(void* out, size_t size) override {
    for (size_t i = 0; i < size; i++) static_cast<char*>(out)[i] = static_cast<char>(next_++);
  }

 private:
  unsigned next_ = 1;
};

class World {
 public:
  World();

  void Write(const std::string& path, const std::string& text);
  void Append(const std::string& path, const std::string& text);
  void Log(const std::string& text) { Append("/run/" + std::string(kLog), text); }
  std::string Read(const std::string& path);
  /// A member of the grant's spec.
  void SetSpec(const std::string& name, json::Value value);

  void StartExecutor();
  /// As by SIGKILL: what it had sent may still arrive.
  void KillExecutor();
  bool RunUntilDone() {
    return loop.RunUntil([&] { return done.has_value(); }, std::chrono::seconds(120));
  }
  bool RunUntilRunning() {
    return loop.RunUntil([&] { return supervisor.running(); });
  }

  static constexpr char kLog[] = "azureml-logs/70_driver_log.txt";
  VirtualLoop loop;
  os::testing::MemoryFileSystem fs;
  CountingRandom random;
  ScriptedServer server{loop};
  FakeSupervisor supervisor{loop, loop, fs, RunFolder{"/run"}};
  FakeNode node;
  std::string snapshot;
  std::vector<std::string> dialled;  // URLs, in order
  std::optional<int> done;           // the executor's exit status
  std::unique_ptr<Executor> executor;

 private:
  std::string MakeSnapshot();
};

}  // namespace rw::executor::testing
