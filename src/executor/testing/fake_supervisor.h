// A shim and a script without processes, for tests and the simulator. It lives on when an executor
// dies (the shim does), keeps the shim's files in the file system, and counts what must never
// happen twice.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/loop.h"
#include "executor/run_folder.h"
#include "executor/supervisor.h"

namespace rw::executor::testing {

class FakeSupervisor final : public Supervisor {
 public:
  FakeSupervisor(Loop& loop, Clock& clock, os::FileSystem& fs, RunFolder folder);

  /// The executor died: it is told nothing more. Connect by the next one follows.
  void Disconnect();
  /// Called when the script starts (once, or something is wrong). It acts through the file system
  /// and ends by Exit.
  void OnLaunch(Task script) { script_ = std::move(script); }
  /// A signal to the tree; by default any signal but 0 ends the script.
  void OnSignal(std::function<void(int)> handler) { signal_handler_ = std::move(handler); }
  /// The next launch fails by this errno.
  void FailExec(int error) { exec_error_ = error; }
  /// The script's main process ends; the rest of its tree too unless `leaves_others`.
  void Exit(Outcome outcome, bool leaves_others = false);
  void ExitCode(int code) { Exit({Outcome::Kind::kCode, code}); }
  /// What was left behind is gone.
  void Gone();
  /// The shim itself dies.
  void Lose();

  /// How often the script was started. More than 1 is a broken promise.
  int starts() const { return starts_; }
  bool running() const { return running_; }
  /// What state/usage says at the end, but for the time.
  std::string usage = "peak_bytes 123000000 group_oom 0";
  /// BYE came.
  bool over() const { return bye_; }
  const std::deque<std::string>& requests() const { return requests_; }

  void Connect(Listener& listener) override;
  void Launch() override;
  void Signal(int number) override;
  void Kill() override;
  void Bye() override;

 private:
  void Tell(std::function<void(Listener&)> message);
  void TellState();
  bool Write(const std::string& path, const std::string& text);

  Loop& loop_;
  Clock& clock_;
  os::FileSystem& fs_;
  RunFolder folder_;
  Listener* listener_ = nullptr;
  uint64_t connection_ = 0;
  Task script_;
  std::function<void(int)> signal_handler_;
  std::optional<int> exec_error_;
  std::optional<Outcome> outcome_;
  bool running_ = false;
  bool unknown_ = false;
  bool gone_ = false;
  bool bye_ = false;
  int starts_ = 0;
  std::deque<std::string> requests_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace rw::executor::testing
