#include "sim/faults.h"

namespace rw::sim {
namespace {
constexpr int64_t kMinute = 60 * kSecond;
}  // namespace

void Faults::Start(bool patient) {
  if (patient) {
    CutForMinutes();
    return PlanNext(40 * kSecond, 3 * kMinute);
  }
  PlanNext(20'000, 600'000);
}

void Faults::PlanNext(int64_t least_us, int64_t most_us) {
  int64_t delay = least_us + static_cast<int64_t>(
                                 world_.random.Below(static_cast<uint64_t>(most_us - least_us)));
  world_.At(world_.now() + delay, "fault", [this, least_us, most_us] {
    if (stage_.healed) return;
    Happen();
    PlanNext(least_us, most_us);
  });
}

void Faults::Happen() {
  uint64_t dice = world_.random.Below(100);
  if (dice < 30) return KillServer();
  if (dice < 50) return KillExecutor();
  if (dice < 54) return KillShim();
  if (dice < 64) return CutAll();
  if (dice < 76) return TroubleNode();
  if (dice < 86) return FillDisk();
  if (dice < 94) return SetClock();
  wants_backup = true;
}

void Faults::KillServer() {
  // Often in the middle of an operation on its disk.
  if (world_.random.Chance(0.6)) return stage_.disk.ArmPowerLoss(1 + world_.random.Below(60));
  stage_.server.Die(world_.random.Chance(0.5) ? Death::kPowerLoss : Death::kKill);
}

std::shared_ptr<Shim> Faults::AnyShim() {
  const auto& shims = stage_.machine.shims();
  if (shims.empty()) return nullptr;
  auto shim = shims[world_.random.Below(shims.size())];
  return shim->ended() ? nullptr : shim;
}

void Faults::KillExecutor() {
  if (auto shim = AnyShim()) shim->KillExecutor();
}

void Faults::KillShim() {
  if (auto shim = AnyShim()) shim->Kill(world_.random.Chance(0.5));
}

void Faults::CutAll() {
  world_.coverage.Hit("net:cut");
  stage_.network.SetCut(true);
  world_.At(world_.now() + 1000 + static_cast<int64_t>(world_.random.Below(400'000)), "fault:mend",
            [this] { stage_.network.SetCut(false); });
}

void Faults::TroubleNode() {
  const auto& lines = stage_.machine.lines();
  if (lines.empty()) return;
  auto at = lines.begin();
  std::advance(at, static_cast<int64_t>(world_.random.Below(lines.size())));
  auto line = at->second;
  bool cut = world_.random.Chance(0.5);
  world_.coverage.Hit(cut ? "net:node-cut" : "net:node-slow");
  if (cut) line->cut = true;
  if (!cut) line->slowness = 20 + static_cast<int64_t>(world_.random.Below(200));
  world_.At(world_.now() + 10'000 + static_cast<int64_t>(world_.random.Below(2 * kSecond)),
            "fault:mend-node", [line] {
              line->cut = false;
              line->slowness = 1;
            });
}

void Faults::FillDisk() {
  if (stage_.disk.full()) return;
  world_.coverage.Hit("full:begin");
  stage_.disk.Fill(world_.random.Below(world_.random.Chance(0.5) ? 2'000 : 60'000));
  int64_t at = world_.now() + 20'000 + static_cast<int64_t>(world_.random.Below(kSecond));
  world_.At((world_.now() + at) / 2, "fault:read-when-full",
            [this] { wants_reads = stage_.disk.full(); });
  world_.At(at, "fault:room", [this] { stage_.disk.MakeRoom(); });
}

void Faults::SetClock() {
  bool back = world_.random.Chance(0.5);
  world_.coverage.Hit(back ? "clock:back" : "clock:forward");
  int64_t by = 1 + static_cast<int64_t>(world_.random.Below(86'400 * kSecond));
  if (world_.random.Chance(0.5)) by = 1 + static_cast<int64_t>(world_.random.Below(kSecond));
  world_.JumpWall(back ? -by : by);
}

/// Longer than the silence after which a run is NotResponding: that is no proof of its death.
void Faults::CutForMinutes() {
  int64_t from =
      world_.now() + 2 * kSecond + static_cast<int64_t>(world_.random.Below(5 * kSecond));
  world_.At(from, "fault:cut-for-minutes", [this] {
    for (const auto& [node, line] : stage_.machine.lines()) line->cut = true;
    world_.coverage.Hit("net:node-cut-for-minutes");
  });
  world_.At(from + 120 * kSecond, "fault:look", [this] { wants_look = true; });
  world_.At(from + 130 * kSecond, "fault:mend-after-minutes", [this] {
    for (const auto& [node, line] : stage_.machine.lines()) line->cut = false;
  });
}

void Faults::Heal() {
  stage_.healed = true;
  stage_.disk.ArmPowerLoss(0);
  stage_.disk.MakeRoom();
  stage_.network.Heal();
  for (const auto& [node, line] : stage_.machine.lines()) *line = Line{};
}

}  // namespace rw::sim
