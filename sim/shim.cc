#include "sim/shim.h"

#include "json/value.h"
#include "os/testing/mortal_file_system.h"
#include "sim/executor_life.h"

namespace rw::sim {

using executor::Outcome;
using executor::Supervisor;

/// The executor's end of the link. It dies with the executor; what it asked of the shim does not.
class ShimLink final : public Supervisor {
 public:
  explicit ShimLink(Shim& shim) : shim_(shim) {}
  void Connect(Listener& listener) override {
    shim_.executor_->listener = &listener;
    shim_.At(20, "shim:hello", &Shim::Hello);
  }
  void Launch() override { shim_.At(20, "shim:launch", &Shim::Launch); }
  void Signal(int) override { Kill(); }
  void Kill() override { shim_.At(20, "shim:kill", &Shim::KillScript); }
  void Bye() override { shim_.bye_ = true; }

 private:
  Shim& shim_;
};

Shim::Shim(World& world, os::testing::MemoryFileSystem& disk, Network& network, ServerPort& port,
           const backend::StartRequest& request, std::string folder, ScriptPlan plan,
           Observer& observer)
    : world_(world),
      disk_(disk),
      network_(network),
      port_(port),
      request_(request),
      folder_(std::move(folder)),
      plan_(plan),
      observer_(observer) {}

Shim::~Shim() = default;

void Shim::At(int64_t delay, std::string_view name, void (Shim::*step)()) {
  world_.At(world_.now() + delay + static_cast<int64_t>(world_.random.Below(50)), name,
            [self = shared_from_this(), step] { (self.get()->*step)(); });
}

void Shim::StartExecutor() {
  if (ended_ || executor_) return;
  executor_ = std::make_unique<ExecutorLife>(world_, disk_, network_, port_, folder_,
                                             std::make_unique<ShimLink>(*this),
                                             [this](int status) { OnExecutorExit(status); });
  executor_->Start();
}

void Shim::KillExecutor() {
  if (!executor_) return;
  world_.Trace("fault:kill-executor");
  executor_.reset();
  At(5000, "shim:restart", &Shim::StartExecutor);
}

void Shim::OnExecutorExit(int status) {
  // Called by the executor itself: it is destroyed after it has returned.
  executor_->loop.Kill();
  exit_status_ = status;
  At(10, "shim:reap", &Shim::Reap);
}

void Shim::Reap() {
  executor_.reset();
  if (exit_status_ == 0 && bye_) {
    ended_ = true;
  } else {
    At(100'000, "shim:restart", &Shim::StartExecutor);
  }
}

void Shim::Tell(const std::function<void(Supervisor::Listener&)>& message) {
  if (executor_ && executor_->loop.alive() && executor_->listener != nullptr)
    message(*executor_->listener);
}

void Shim::Hello() {
  if (!launched_) return Tell([](auto& l) { l.OnIdle(); });
  Tell([](auto& l) { l.OnStarted(4242, 1); });
  if (running_) return;
  Tell([this](auto& l) { l.OnExited(outcome_); });
  Tell([](auto& l) { l.OnGone(); });
}

void Shim::Launch() {
  if (launched_) return Hello();
  auto launch = os::ReadFile(disk_, folder_ + "/state/launch");
  CHECK(launch);
  launched_ = running_ = true;
  world_.Trace("script:start");
  observer_.script_started(request_.allocation.str());
  WriterId writer(world_.random.Hex(8));
  json::Value open = json::Object();
  open.Set("run_id", request_.run.str()).Set("writer", writer.str()).Set("version", 1);
  auto created =
      journal::Writer::Create(disk_, world_, folder_ + "/journal", writer, json::Write(open));
  CHECK(created);
  journal_ = *std::move(created);
  auto log = disk_.Open(folder_ + "/azureml-logs/70_driver_log.txt", os::OpenMode::kAppend);
  CHECK(log);
  log_ = *std::move(log);
  Tell([](auto& l) { l.OnStarted(4242, 1); });
  At(plan_.step_us, "script:step", &Shim::ScriptStep);
}

void Shim::ScriptStep() {
  if (!running_) return;
  if (step_ == plan_.points) return EndScript({Outcome::Kind::kCode, plan_.exit_code});
  CHECK(journal_->AppendNumber({.value = static_cast<double>(step_), .name = "i"}));
  CHECK(log_->Append(std::to_string(step_) + "\n"));
  step_++;
  At(plan_.step_us, "script:step", &Shim::ScriptStep);
}

void Shim::KillScript() {
  if (running_) EndScript({Outcome::Kind::kSignal, 15});
}

void Shim::EndScript(Outcome outcome) {
  running_ = false;
  outcome_ = outcome;
  Tell([this](auto& l) { l.OnExited(outcome_); });
  Tell([](auto& l) { l.OnGone(); });
}

}  // namespace rw::sim
