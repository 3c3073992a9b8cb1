#include "sim/shim.h"

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
  void Signal(int number) override {
    if (shim_.script_ && !shim_.killed_) shim_.script_->Signal(number);
  }
  void Kill() override {
    if (shim_.script_) shim_.script_->Kill();
  }
  void Bye() override { shim_.bye_ = true; }

 private:
  Shim& shim_;
};

Shim::Shim(Place place, const backend::StartRequest& request, ScriptPlan plan, Observer& observer)
    : place_(std::move(place)),
      world_(place_.world),
      request_(request),
      plan_(plan),
      observer_(observer) {}

Shim::~Shim() = default;

void Shim::At(int64_t delay, std::string_view name, void (Shim::*step)()) {
  world_.At(world_.now() + delay + static_cast<int64_t>(world_.random.Below(50)), name,
            [self = shared_from_this(), step] {
              if (!self->killed_) (self.get()->*step)();
            });
}

void Shim::StartExecutor() {
  if (ended_ || executor_) return;
  executor_ = std::make_unique<ExecutorLife>(place_, std::make_unique<ShimLink>(*this),
                                             [this](int status) { OnExecutorExit(status); });
  executor_->Start();
}

void Shim::KillExecutor() {
  if (!executor_) return;
  world_.Trace("fault:kill-executor");
  world_.coverage.Hit(!script_             ? "executor:kill-before-launch"
                      : script_->running() ? "executor:kill-while-running"
                                           : "executor:kill-at-the-end");
  executor_.reset();
  At(5000, "shim:restart", &Shim::StartExecutor);
}

void Shim::Kill(bool with_executor) {
  if (ended_) return;
  world_.Trace("fault:kill-shim");
  world_.coverage.Hit(with_executor ? "shim:kill-with-executor" : "shim:kill-alone");
  ended_ = killed_ = true;
  if (script_) script_->Orphan();
  if (with_executor) return executor_.reset();
  world_.At(world_.now() + 50, "shim:link-closed",
            [self = shared_from_this()] { self->LinkClosed(); });
}

/// What an executor does that finds its shim dead.
void Shim::LinkClosed() {
  if (script_) script_->Kill();
  Tell([](auto& l) { l.OnLost(); });
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
  if (!script_) return Tell([](auto& l) { l.OnIdle(); });
  Tell([](auto& l) { l.OnStarted(4242, 1); });
  if (script_->running()) return;
  Tell([this](auto& l) { l.OnExited(outcome_); });
  Tell([](auto& l) { l.OnGone(); });
}

void Shim::Launch() {
  if (script_) return Hello();
  CHECK(os::ReadFile(place_.disk, place_.folder + "/state/launch"));
  CHECK(os::WriteFileAtomically(place_.disk, place_.folder + "/state/launching", "", 0600));
  world_.Trace("script:start");
  observer_.script_started(request_.allocation.str());
  script_ = std::make_shared<Script>(world_, place_.disk, place_.folder, request_.run.str(), plan_,
                                     [this](Outcome outcome) { ScriptEnded(outcome); });
  CHECK(os::WriteFileAtomically(place_.disk, place_.folder + "/state/started",
                                "4242 1 simulated-boot " + std::to_string(world_.WallMicros()) +
                                    " " + std::to_string(world_.BootMicros()) + "\n",
                                0600));
  script_->Start();
  Tell([](auto& l) { l.OnStarted(4242, 1); });
}

void Shim::ScriptEnded(Outcome outcome) {
  outcome_ = outcome;
  CHECK(os::WriteFileAtomically(place_.disk, place_.folder + "/state/usage",
                                "boot_us " + std::to_string(world_.BootMicros()) + "\n", 0600));
  std::string word = outcome.kind == Outcome::Kind::kCode ? "code " : "signal ";
  CHECK(os::WriteFileAtomically(
      place_.disk, place_.folder + "/state/exit",
      word + std::to_string(outcome.number) + " " + std::to_string(world_.WallMicros()) + "\n",
      0600));
  // By way of the world: a signal comes from within the executor, which is not to be called back.
  world_.At(world_.now() + 20, "shim:exited", [self = shared_from_this()] {
    if (self->killed_) return;
    self->Tell([&](auto& l) { l.OnExited(self->outcome_); });
    self->Tell([](auto& l) { l.OnGone(); });
  });
}

}  // namespace rw::sim
