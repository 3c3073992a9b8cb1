#include "executor/testing/fake_supervisor.h"

#include <cerrno>

namespace rw::executor::testing {
namespace {
constexpr int kPid = 4242;
constexpr uint64_t kTicks = 1000;
}  // namespace

FakeSupervisor::FakeSupervisor(Loop& loop, Clock& clock, os::FileSystem& fs, RunFolder folder)
    : loop_(loop), clock_(clock), fs_(fs), folder_(std::move(folder)) {
  unknown_ = os::Exists(fs_, folder_.Path("state/launching"));
}

void FakeSupervisor::Tell(std::function<void(Listener&)> message) {
  // As over a socket: later, and only to the executor that was connected when it was said.
  loop_.Post("shim.tell", [this, alive = std::weak_ptr<char>(alive_), at = connection_,
                           message = std::move(message)] {
    if (!alive.expired() && listener_ != nullptr && at == connection_) message(*listener_);
  });
}

void FakeSupervisor::TellState() {
  if (outcome_) {
    Tell([outcome = *outcome_](Listener& l) { l.OnExited(outcome); });
  } else if (running_) {
    Tell([](Listener& l) { l.OnStarted(kPid, kTicks); });
  } else if (unknown_) {
    Tell([](Listener& l) { l.OnUnknown(); });
  } else {
    Tell([](Listener& l) { l.OnIdle(); });
  }
  if (gone_) Tell([](Listener& l) { l.OnGone(); });
}

void FakeSupervisor::Connect(Listener& listener) {
  connection_++;
  listener_ = &listener;
  TellState();
}

void FakeSupervisor::Disconnect() {
  connection_++;
  listener_ = nullptr;
}

bool FakeSupervisor::Write(const std::string& path, const std::string& text) {
  return os::WriteFileAtomically(fs_, path, text, 0600).has_value();
}

void FakeSupervisor::Launch() {
  requests_.push_back("LAUNCH");
  if (outcome_ || running_ || unknown_) return TellState();
  if (!Write(folder_.Path("state/launching"), "1\n")) exec_error_ = ENOSPC;
  if (exec_error_) return Exit({Outcome::Kind::kExecFailed, *exec_error_});
  starts_++;
  running_ = true;
  (void)Write(folder_.started(), std::to_string(kPid) + " " + std::to_string(kTicks) + " boot " +
                                     std::to_string(clock_.WallMicros()) + " " +
                                     std::to_string(clock_.BootMicros()) + "\n");
  TellState();
  if (script_) script_();
}

void FakeSupervisor::Exit(Outcome outcome, bool leaves_others) {
  if (outcome_) return;
  running_ = false;
  outcome_ = outcome;
  (void)Write(folder_.usage(), usage + " boot_us " + std::to_string(clock_.BootMicros()) + "\n");
  static const char* const kKinds[] = {"code ", "signal ", "exec-failed "};
  std::string what = kKinds[static_cast<int>(outcome.kind)] + std::to_string(outcome.number);
  if (outcome.kind == Outcome::Kind::kExecFailed) what += " /usr/bin/python";
  (void)Write(folder_.exit(), what + " " + std::to_string(clock_.WallMicros()) + "\n");
  gone_ = !leaves_others;
  TellState();
}

void FakeSupervisor::Gone() {
  gone_ = true;
  Tell([](Listener& l) { l.OnGone(); });
}

void FakeSupervisor::Lose() {
  Tell([](Listener& l) { l.OnLost(); });
}

void FakeSupervisor::Signal(int number) {
  requests_.push_back("SIGNAL " + std::to_string(number));
  if (!running_) return;
  if (signal_handler_) return signal_handler_(number);
  Exit({Outcome::Kind::kSignal, number});
}

void FakeSupervisor::Kill() {
  requests_.push_back("KILL");
  if (running_) return Exit({Outcome::Kind::kSignal, 9});
  if (outcome_ && !gone_) Gone();
}

void FakeSupervisor::Bye() {
  requests_.push_back("BYE");
  bye_ = true;
}

}  // namespace rw::executor::testing
