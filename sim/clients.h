// The users of one seed: they submit runs, cancel some, store blobs, and repeat what is not
// answered.
#pragma once

#include <memory>
#include <string>

#include "sim/stage.h"

namespace rw::sim {

class Clients {
 public:
  explicit Clients(Stage& stage);
  /// Plans what they will do. `patient`: scripts last for minutes.
  void Start(bool patient);

 private:
  void PlanRun(int number, bool patient);
  void PlanCancel(const std::string& id, int64_t submitted_at, bool patient);
  void PlanNotebook(int number, bool patient);
  void PlanBlobs();
  void Submit(const std::string& id);
  void Cancel(const std::string& id);
  void NoteStage(const std::string& id);
  /// Again and again until it is answered with 2xx. Any other answer that tells of the request and
  /// not of the server is a violation.
  void Insist(net::Request request, const std::string& name);
  net::Request RequestOf(const std::string& method, const std::string& path, std::string body);

  Stage& stage_;
  World& world_;
  ProcessLoop loop_;
  std::unique_ptr<net::Transport> transport_;
};

}  // namespace rw::sim
