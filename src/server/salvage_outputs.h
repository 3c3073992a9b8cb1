// The files of ./outputs and ./logs that a run's executor had not stored when its supervisor died,
// by the rules of the executor's own last look.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "backend/output_scan.h"
#include "meta/artifacts.h"
#include "server/server_context.h"

namespace rw::server {

struct SalvagedOutputs {
  int64_t files = 0;  // stored by this salvage
  int64_t bytes = 0;
  std::vector<std::string> problems;  // "NAME was not stored: …"
};

/// One file after another; no process of the run lives. A repeat stores what is new.
class SalvageOutputs : public std::enable_shared_from_this<SalvageOutputs> {
 public:
  using Done = std::function<void(SalvagedOutputs)>;
  /// `folder`: of the run, on this machine. A full disk is waited for until `give_up_boot_us`.
  static void Start(ServerContext& context, const std::string& run_id, const std::string& folder,
                    int64_t give_up_boot_us, Done done);

 private:
  struct Found;
  /// A file on its way into the store; an empty digest: it is there already.
  struct Stored {
    Status status;
    meta::Artifact artifact;
  };
  SalvageOutputs(ServerContext& context, std::string run_id, std::string folder,
                 int64_t give_up_boot_us, Done done)
      : context_(context),
        run_id_(std::move(run_id)),
        folder_(std::move(folder)),
        give_up_boot_us_(give_up_boot_us),
        done_(std::move(done)) {}

  void Find();
  void Next();
  void Store(const std::string& name);
  void Name(meta::Artifact artifact);
  void Named(const meta::Artifact& artifact, const Status& status);
  void Failed(const std::string& name, const Error& error);

  ServerContext& context_;
  std::string run_id_;
  std::string folder_;
  int64_t give_up_boot_us_;
  Done done_;
  std::shared_ptr<backend::OutputRecord> record_;
  std::deque<std::string> names_;
  SalvagedOutputs out_;
};

}  // namespace rw::server
