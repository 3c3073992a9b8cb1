// The process of an interactive run, as the Python SDK makes one: it logs into a folder of its own,
// ships from there, says now and then that it lives, and ends as notebooks do: with a word, or
// killed. What it leaves then is for the server where that is on the same machine, else for
// `runwright sync`.
#pragma once

#include <memory>
#include <string>

#include "journal/writer.h"
#include "server/logging_process.h"
#include "sim/insist.h"
#include "sim/machine.h"

namespace rw::sim {

struct NotebookPlan {
  enum class End { kComplete, kFail, kNoWord };
  int points = 0;
  int64_t step_us = 1000;
  End end = End::kComplete;
  bool here = false;      // on the server's machine
  bool child = false;     // a child run that is left open
  int64_t killed_us = 0;  // after its start; 0: not
  int64_t asleep_us = 0;  // the lid is closed, after its start; 0: not
  int64_t awake_us = 0;   // and opened again
  int64_t synced_us = 0;  // `runwright sync`, after its end; 0: nobody does (it is here)
};

class Notebook : public std::enable_shared_from_this<Notebook> {
 public:
  /// The parts of the world that it works with; all outlive it.
  struct Place {
    World& world;
    Network& network;
    ServerPort& port;
    Machine& machine;
    const std::string& token;
    const std::string& workspace;
  };
  Notebook(Place place, std::string run_id, int64_t pid, NotebookPlan plan);

  /// start_logging().
  void Start();
  bool process_lives() const { return began_ && !gone_; }
  /// Nothing more comes of it: its process is gone, and what was to be synced is.
  bool over() const { return gone_ && (plan_.synced_us == 0 || synced_); }

  const std::string& run_id() const { return run_id_; }
  const NotebookPlan& plan() const { return plan_; }
  server::LoggingProcess process() const;
  /// What its journal holds.
  int logged() const { return logged_; }
  bool child_made() const { return child_made_; }
  bool said_end() const { return said_end_; }
  /// It knew that its run was begun.
  bool begun() const { return journal_ != nullptr; }

 private:
  struct Sync;
  void Begun();
  void Step();
  void SayEnd();
  void Exit(std::string_view why);
  void Tick();
  void Beat();
  void Ship();
  void Shipped(const Result<net::Response>& answer);
  /// Later, where the machine sleeps.
  bool Sleeps(std::string_view name, void (Notebook::*again)());
  void StartSync();
  std::string Unshipped(uint64_t from) const;

  Place place_;
  World& world_;
  std::string run_id_;
  std::string folder_;
  int64_t pid_;
  NotebookPlan plan_;
  ProcessLoop loop_;
  Insist server_;
  std::unique_ptr<journal::Writer> journal_;
  std::string writer_;
  std::shared_ptr<Sync> sync_;
  uint64_t acked_ = 0;
  int64_t next_beat_us_ = 0;
  int64_t ship_pause_us_ = 0;
  int64_t leave_by_us_ = 0;
  int64_t began_us_ = 0;
  int logged_ = 0;
  bool began_ = false;
  bool shipping_ = false;
  bool child_made_ = false;
  bool said_end_ = false;
  bool gone_ = false;
  bool synced_ = false;
};

}  // namespace rw::sim
