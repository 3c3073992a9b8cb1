// The disk of the run's folder. While it is nearly full, room is held for the script's log and
// journals, so that a script that fills it with its own files can still print, log and end; what
// the server has acked of them is given back. Times at which it was full are told with the run.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "executor/context.h"
#include "executor/lifetime.h"
#include "executor/node.h"
#include "executor/offsets.h"
#include "executor/output_scan.h"
#include "executor/run_folder.h"
#include "executor/warning.h"

namespace rw::executor {

class DiskGuard {
 public:
  DiskGuard(Context& context, Node& node, Offsets& offsets, RunFolder folder, std::string log_name);

  /// Looks at once, and then every half second.
  void Start();
  /// No process writes any more: gives back what is held, and looks for the last time. Names the
  /// files of outputs and logs that were written while the disk was full.
  Warnings Finish();

 private:
  struct Held {
    uint64_t until = 0;     // blocks are there up to this offset
    uint64_t released = 0;  // and no longer before this one
  };
  void Look();
  void Hold(const std::string& path, uint64_t bytes, uint64_t acked);
  void HoldAll();

  Context& context_;
  Node& node_;
  Offsets& offsets_;
  RunFolder folder_;
  std::string log_name_;
  std::map<std::string, Held> held_;
  bool spare_ = false;  // state/spare holds some blocks
  bool full_ = false;
  int64_t full_wall_us_ = 0;  // first time; 0: never
  int64_t full_looks_ = 0;
  bool finished_ = false;
  Lifetime lifetime_;
};

}  // namespace rw::executor
