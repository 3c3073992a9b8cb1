// What goes wrong in one seed.
#pragma once

#include "sim/stage.h"

namespace rw::sim {

class Faults {
 public:
  explicit Faults(Stage& stage) : stage_(stage), world_(stage.world) {}
  /// `patient`: few faults, and a node that is cut off for minutes.
  void Start(bool patient);
  /// From now on nothing goes wrong any more, and what was wrong is mended.
  void Heal();
  /// A look at the server is due (from outside of the world's steps).
  bool wants_backup = false;
  bool wants_reads = false;
  bool wants_look = false;

 private:
  void PlanNext(int64_t least_us, int64_t most_us);
  void Happen();
  void KillServer();
  void KillExecutor();
  void KillShim();
  void CutAll();
  void TroubleNode();
  void FillDisk();
  void SetClock();
  void CutForMinutes();
  std::shared_ptr<Shim> AnyShim();

  Stage& stage_;
  World& world_;
};

}  // namespace rw::sim
