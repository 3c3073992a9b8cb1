// The invariants. They ask the server from outside of the simulated network; where it dies
// meanwhile they say nothing.
#pragma once

#include <string>

#include "sim/stage.h"

namespace rw::sim {

class Checks {
 public:
  explicit Checks(Stage& stage) : stage_(stage) {}

  /// Of an answer that reached a client.
  void OnAnswer(const net::Request& request, const net::Response& response);
  /// Right after a start: what was acked before is there.
  void Acked();
  /// Reading works on a full disk.
  void Reads();
  /// `path` holds a whole database with everything that had been acked by now.
  void Backup(const std::string& path);
  bool AllEnded();
  /// Notes runs that the server has not heard of for long.
  void LookForSilent();
  /// When all runs have ended: nothing is lost, doubled, left over or badly ended.
  void AtTheEnd();

 private:
  /// False where the server is gone; a violation when it lives and `there` is false.
  bool Require(bool there, const std::string& invariant, const std::string& detail = {});
  void Blobs(bool all);
  void Logs();
  void Run(const std::string& id);
  void Points(const Shim& shim);
  void Log(const Shim& shim);
  void Children(const Shim& shim, const std::string& parent_status);
  void Output(const Shim& shim);
  void Warned(const Shim& shim);
  void Times(const Shim& shim);
  void Slots();
  void NotebookRun(const Notebook& notebook);
  bool WasKilled(const std::string& run) const;
  bool MustBeCanceled(const std::string& run) const;
  Result<std::vector<double>> Values(const std::string& run, const std::string& name);

  Stage& stage_;
};

}  // namespace rw::sim
