#include "sim/machine.h"

#include "base/strings.h"
#include "json/value.h"

namespace rw::sim {

Machine::Machine(World& world, Network& network, ServerPort& port, Shim::Observer& observer,
                 std::function<ScriptPlan(const RunId&)> plan_of)
    : world_(world),
      network_(network),
      port_(port),
      observer_(observer),
      plan_of_(std::move(plan_of)) {
  CHECK(disk_.MakeDirs("/usr/bin"));
  CHECK(disk_.Open("/usr/bin/python3", os::OpenMode::kCreateNew, 0755));
}

void Machine::Start(const backend::StartRequest& request, std::function<void(Status)> done) {
  Begin(request, "/runs/" + request.run.str());
  if (world_.random.Chance(double_starts_)) {
    world_.coverage.Hit("supervisor:two-for-one-allocation");
    Begin(request, "/other/" + request.run.str());
  }
  done(Ok());
}

void Machine::Begin(const backend::StartRequest& request, const std::string& root) {
  CHECK(disk_.MakeDirs(root + "/state", 0700));
  json::Value claim = json::Object();
  claim.Set("version", 1);
  claim.Set("allocation_id", request.allocation.str());
  claim.Set("run_id", request.run.str());
  claim.Set("secret", request.secret);
  claim.Set("server_url", "http://server");
  claim.Set("endpoint_file", "");
  claim.Set("log_file", root + "/state/executor.log");
  CHECK(os::WriteFileAtomically(disk_, root + "/state/claim.json", json::Write(claim), 0600));
  Shim::Place place{world_, disk_, network_, port_, LineOf(request.node), root};
  auto shim = std::make_shared<Shim>(std::move(place), request, plan_of_(request.run), observer_);
  shims_.push_back(shim);
  world_.At(world_.now() + 300, "shim:start", [shim] { shim->StartExecutor(); });
}

std::shared_ptr<Line> Machine::LineOf(const std::string& node) {
  auto& line = lines_[node];
  if (!line) line = std::make_shared<Line>();
  return line;
}

json::Value Machine::ExitRecord(const RunId& run) {
  json::Value record;
  for (const auto& shim : shims_) {
    auto text = os::ReadFile(disk_, shim->folder() + "/state/exit");
    if (shim->request().run != run || !text) continue;
    auto words = Split(Trim(*text), ' ');
    record = json::Object();
    record.Set(words[0] == "code" ? "exit_code" : "signal", ParseInt(words[1]).value_or(0));
    record.Set("time_us", ParseInt(words[2]).value_or(0));
  }
  return record;
}

void Machine::KillRemains(const RunId& run) {
  for (const auto& shim : shims_)
    if (shim->request().run == run && shim->script()) shim->script()->Kill();
}

std::string Machine::FolderOf(const RunId& run) {
  for (const auto& shim : shims_)
    if (shim->request().run == run && shim->launched()) return shim->folder();
  return "";
}

backend::Life Machine::Probe(const RunId&, const AllocationId& allocation) {
  bool known = false;
  for (const auto& shim : shims_) {
    if (shim->request().allocation != allocation) continue;
    known = true;
    if (!shim->ended()) return backend::Life::kAlive;
  }
  return known ? backend::Life::kDead : backend::Life::kNotBegun;
}

}  // namespace rw::sim
