#include "sim/scenario.h"

#include <map>
#include <memory>

#include "base/log.h"
#include "json/value.h"
#include "os/testing/memory_file_system.h"
#include "sim/asker.h"
#include "sim/ledger.h"
#include "sim/machine.h"
#include "sim/network.h"
#include "sim/server_process.h"
#include "sim/world.h"

namespace rw::sim {
namespace {

constexpr int64_t kSecond = 1'000'000;

bool IsTerminal(const std::string& status) {
  return status == "Completed" || status == "Failed" || status == "Canceled";
}

class Scenario {
 public:
  explicit Scenario(uint64_t seed)
      : world_(seed),
        disk_(&world_.random),
        network_(world_, {}),
        machine_(world_, network_, port_, observer_,
                 [this](const RunId& run) { return PlanOf(run); }),
        server_(world_, disk_, machine_, port_),
        client_(world_, "client"),
        asker_(world_, port_, server_.owner_token()) {
    observer_.script_started = [this](const std::string& allocation) {
      ledger_.OnScriptStarted(allocation);
    };
    network_.on_answer = [this](const net::Request& request, const net::Response& response) {
      ledger_.OnAnswer(request, response);
    };
    machine_.SetDoubleStarts(0.3);
  }

  Outcome Run() {
    CHECK(disk_.MakeDirs("/usr/bin"));
    CHECK(disk_.Open("/usr/bin/python3", os::OpenMode::kCreateNew, 0755));
    CHECK(disk_.SyncAll("/usr/bin"));
    // Nothing has failed yet: the first start and the workspace must succeed.
    CHECK(server_.Start());
    auto workspace = asker_.AskJson("POST", "/api/v1/workspaces", json::Object{{"name", "sim"}});
    CHECK(workspace);
    workspace_ = workspace->StringOr("id");
    transport_ = network_.Connect(client_, port_);
    int runs = 1 + static_cast<int>(world_.random.Below(3));
    for (int i = 0; i < runs; i++) Submit(i);
    PlanFault();
    RunUntil(3 * kSecond + static_cast<int64_t>(world_.random.Below(5 * kSecond)));
    Heal();
    RunUntilEnded(600 * kSecond);
    CheckEnd();
    outcome_.trace_hash = world_.trace_hash();
    outcome_.double_starts = machine_.double_started();
    return outcome_;
  }

 private:
  ScriptPlan PlanOf(const RunId& run) { return plans_[run.str()]; }

  void Submit(int number) {
    std::string id = "sim_1700000000_" + world_.random.Hex(4);
    ScriptPlan plan;
    plan.points = static_cast<int>(world_.random.Below(400));
    plan.step_us = 200 + static_cast<int64_t>(world_.random.Below(20'000));
    plan.exit_code = static_cast<int>(world_.random.Below(3));
    plans_[id] = plan;
    wanted_.push_back(id);
    int64_t when = static_cast<int64_t>(world_.random.Below(kSecond)) * (number > 0 ? 1 : 0);
    world_.At(when, "client:submit", [this, id] { SendSubmit(id); });
  }

  void SendSubmit(const std::string& id) {
    net::Request request;
    request.method = "POST";
    request.path = "/api/v1/workspaces/" + workspace_ + "/runs";
    request.headers["Authorization"] = "Bearer " + server_.owner_token();
    request.headers["Content-Type"] = "application/json";
    json::Value body = json::Object{
        {"experiment", "sim"},
        {"run_id", id},
        {"command", "true"},
        {"environment",
         json::Object{{"kind", "interpreter"}, {"interpreter_path", "/usr/bin/python3"}}}};
    request.body.bytes = json::Write(body);
    transport_->Send(request, std::chrono::milliseconds(500), [this, id](Result<net::Response> r) {
      if (r && r->status < 300) return;
      if (r && r->status < 500) return Violate("acked_workspace_takes_runs", r->body.bytes);
      client_.After("client:retry", std::chrono::milliseconds(100), [this, id] { SendSubmit(id); });
    });
  }

  void PlanFault() {
    int64_t delay = 20'000 + static_cast<int64_t>(world_.random.Below(900'000));
    world_.At(world_.now() + delay, "fault", [this] {
      if (healed_) return;
      Fault();
      PlanFault();
    });
  }

  void Fault() {
    switch (world_.random.Below(4)) {
      case 0:
      case 1:
        return KillServer(world_.random.Chance(0.5) ? Death::kPowerLoss : Death::kKill);
      case 2:
        return KillExecutor();
      default:
        return Cut();
    }
  }

  void KillServer(Death death) {
    if (!server_.alive()) return;
    (death == Death::kKill ? outcome_.server_kills : outcome_.power_losses)++;
    // Restarting asks questions by stepping the world: not from inside of a step.
    kill_ = death;
  }

  void RestartServer() {
    server_.Kill(*kill_);
    kill_.reset();
    RunSteps(world_.now() + static_cast<int64_t>(world_.random.Below(300'000)));
    Status started = server_.Start();
    if (!started) return Violate("server_starts", started.error().message());
    CheckAcked();
  }

  void KillExecutor() {
    if (machine_.shims().empty()) return;
    auto shim = machine_.shims()[world_.random.Below(machine_.shims().size())];
    if (shim->ended()) return;
    outcome_.executor_kills++;
    shim->KillExecutor();
  }

  void Cut() {
    outcome_.cuts++;
    network_.SetCut(true);
    world_.At(world_.now() + 1000 + static_cast<int64_t>(world_.random.Below(400'000)),
              "fault:mend", [this] { network_.SetCut(false); });
  }

  void RunSteps(int64_t until) {
    while (world_.Step(until)) {
    }
  }

  void RunUntil(int64_t until) {
    while (outcome_.violated.empty() && world_.Step(until))
      if (kill_) RestartServer();
  }

  void Heal() {
    healed_ = true;
    network_.Heal();
    if (kill_) RestartServer();
  }

  void RunUntilEnded(int64_t until) {
    while (outcome_.violated.empty()) {
      if (AllEnded()) return;
      int64_t next = world_.now() + kSecond;
      RunSteps(next);
      if (world_.now() + kSecond >= until || world_.now() < next - kSecond) break;
      AdvanceTo(next);
    }
    if (outcome_.violated.empty() && !AllEnded()) Violate("every_run_ends");
  }

  void AdvanceTo(int64_t when) {
    world_.At(when, "tick", [] {});
    RunSteps(when);
  }

  bool AllEnded() {
    for (const std::string& id : wanted_) {
      auto run = asker_.AskJson("GET", "/api/v1/runs/" + id);
      if (!run || !IsTerminal(run->StringOr("status"))) return false;
    }
    return true;
  }

  /// Right after a start: what was acked before the server died is there.
  void CheckAcked() {
    for (const std::string& id : ledger_.submitted())
      if (!asker_.AskJson("GET", "/api/v1/runs/" + id)) return Violate("acked_run_is_kept");
    for (const auto& [run, writers] : ledger_.journals()) {
      auto offsets = asker_.AskJson("GET", "/api/v1/runs/" + run + "/journal");
      if (!offsets) return Violate("acked_journal_is_kept");
      for (const auto& [writer, acked] : writers)
        if ((*offsets)["writers"].IntOr(writer, 0) < acked) return Violate("acked_journal_is_kept");
    }
    for (const auto& [run, acked] : ledger_.logs())
      if (LogSize(run) < acked) return Violate("acked_log_is_kept");
  }

  int64_t LogSize(const std::string& run) {
    auto artifacts =
        asker_.AskJson("GET", "/api/v1/runs/" + run + "/artifacts?prefix=azureml-logs/70");
    if (!artifacts || !(*artifacts)["items"].is_array()) return -1;
    int64_t size = 0;
    for (const json::Value& item : (*artifacts)["items"].as_array()) size += item.IntOr("size", 0);
    return size;
  }

  void CheckEnd() {
    if (!outcome_.violated.empty()) return;
    CheckAcked();
    for (const auto& [allocation, starts] : ledger_.starts())
      if (starts > 1) Violate("one_start_per_allocation");
    for (const std::string& id : wanted_) CheckRun(id);
    for (const auto& shim : machine_.shims())
      if (shim->launched()) CheckComplete(*shim);
  }

  /// No fault of this scenario is one that a run may fail by: only its script decides.
  void CheckRun(const std::string& id) {
    auto run = asker_.AskJson("GET", "/api/v1/runs/" + id);
    if (!run) return Violate("run_readable");
    int exit_code = plans_[id].exit_code;
    bool as_planned = exit_code == 0 ? run->StringOr("status") == "Completed"
                                     : run->StringOr("status") == "Failed" &&
                                           (*run)["error"].IntOr("exit_code", -1) == exit_code;
    if (!as_planned) Violate("run_ends_as_its_script", json::Write(*run));
  }

  void CheckComplete(const Shim& shim) {
    const std::string& id = shim.request().run.str();
    auto answer = asker_.AskJson("GET", "/api/v1/runs/" + id + "/metrics");
    if (!answer) return Violate("metrics_readable");
    std::vector<double> values;
    for (const json::Value& metric : (*answer)["metrics"].as_array())
      for (const json::Value& value : metric["values"].as_array())
        values.push_back(value.as_double());
    outcome_.points += static_cast<int>(values.size());
    bool exact = values.size() == static_cast<size_t>(shim.logged());
    for (size_t i = 0; exact && i < values.size(); i++) exact = values[i] == static_cast<double>(i);
    if (!exact) Violate("points_exactly_once_in_order");
    std::string text;
    for (int i = 0; i < shim.logged(); i++) text += std::to_string(i) + "\n";
    if (LogSize(id) != static_cast<int64_t>(text.size())) Violate("log_is_whole");
  }

  void Violate(const std::string& invariant, const std::string& detail = {}) {
    LOG_INFO("sim.violated", {"invariant", invariant}, {"detail", detail});
    world_.Trace("violated:" + invariant);
    outcome_.violated.insert(invariant);
  }

  World world_;
  os::testing::MemoryFileSystem disk_;
  Network network_;
  ServerPort port_;
  Ledger ledger_;
  Shim::Observer observer_;
  std::map<std::string, ScriptPlan> plans_;
  Machine machine_;
  ServerProcess server_;
  ProcessLoop client_;
  Asker asker_;
  std::unique_ptr<net::Transport> transport_;
  std::string workspace_;
  std::vector<std::string> wanted_;
  std::optional<Death> kill_;
  bool healed_ = false;
  Outcome outcome_;
};

}  // namespace

Outcome RunScenario(uint64_t seed) { return Scenario(seed).Run(); }

}  // namespace rw::sim
