#include "sim/scenario.h"

#include <memory>

#include "json/value.h"
#include "sim/checks.h"
#include "sim/clients.h"
#include "sim/faults.h"
#include "sim/stage.h"

namespace rw::sim {
namespace {

constexpr char kBackup[] = "/data/backup.db";

class Scenario {
 public:
  explicit Scenario(uint64_t seed)
      : stage_(std::make_unique<Stage>(seed)),
        world_(stage_->world),
        clients_(*stage_),
        faults_(*stage_),
        checks_(*stage_) {
    stage_->network.on_answer = [this](const net::Request& request, const net::Response& answer) {
      stage_->ledger.OnAnswer(request, answer);
      checks_.OnAnswer(request, answer);
    };
    stage_->machine.SetDoubleStarts(0.3);
  }

  Outcome Run() {
    Prepare();
    // A few seeds look at minutes instead of seconds.
    bool patient = world_.random.Chance(0.05);
    clients_.Start(patient);
    faults_.Start(patient);
    int64_t length = patient ? 160 * kSecond : 3 * kSecond;
    RunUntil(length + static_cast<int64_t>(world_.random.Below(4 * kSecond)));
    faults_.Heal();
    RunUntilEnded(world_.now() + 600 * kSecond);
    checks_.AtTheEnd();
    return {stage_->violated, world_.trace_hash(), world_.coverage};
  }

 private:
  /// Nothing has failed yet: the first start and the workspace must succeed.
  void Prepare() {
    os::FileSystem& disk = stage_->disk.fs();
    CHECK(disk.MakeDirs("/usr/bin"));
    CHECK(disk.Open("/usr/bin/python3", os::OpenMode::kCreateNew, 0755));
    CHECK(disk.SyncAll("/usr/bin"));
    CHECK(stage_->server.Start());
    auto workspace =
        stage_->asker.AskJson("POST", "/api/v1/workspaces", json::Object{{"name", "sim"}});
    CHECK(workspace);
    stage_->workspace = workspace->StringOr("id");
  }

  void RunUntil(int64_t until) {
    while (stage_->ok() && world_.Step(until)) Tend();
  }

  /// Between two steps: what cannot be done from within one.
  void Tend() {
    while (stage_->ok() && !stage_->server.alive()) Restart();
    if (faults_.wants_backup) BackUp();
    if (faults_.wants_reads) checks_.Reads();
    if (faults_.wants_look) checks_.LookForSilent();
    faults_.wants_backup = faults_.wants_reads = faults_.wants_look = false;
  }

  void Restart() {
    stage_->server.Bury();
    stage_->disk.ArmPowerLoss(0);
    int64_t until = world_.now() + static_cast<int64_t>(world_.random.Below(300'000));
    while (world_.Step(until)) {
    }
    if (!stage_->healed && world_.random.Chance(0.1))
      stage_->disk.ArmPowerLoss(1 + world_.random.Below(40));
    Status started = stage_->server.Start();
    if (started && stage_->disk.full()) world_.coverage.Hit("full:start-works");
    if (started) return checks_.Acked();
    if (started.error().code() != Code::kNoSpace)
      return stage_->Violate("server_starts", started.error().message());
    stage_->disk.MakeRoom();
  }

  void BackUp() {
    Status done = stage_->server.BackUp(kBackup);
    if (done) return checks_.Backup(kBackup);
    if (done.error().code() != Code::kNoSpace)
      stage_->Violate("a_backup_can_be_taken", done.error().message());
  }

  void RunUntilEnded(int64_t until) {
    while (stage_->ok() && world_.now() < until) {
      Tend();
      if (checks_.AllEnded()) return;
      int64_t next = world_.now() + kSecond;
      world_.At(next, "tick", [] {});
      RunUntil(next);
    }
    if (stage_->ok() && !checks_.AllEnded()) stage_->Violate("every_run_ends");
  }

  std::unique_ptr<Stage> stage_;
  World& world_;
  Clients clients_;
  Faults faults_;
  Checks checks_;
};

}  // namespace

Outcome RunScenario(uint64_t seed) { return Scenario(seed).Run(); }

}  // namespace rw::sim
