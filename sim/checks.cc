#include "sim/checks.h"

#include "base/clock.h"
#include "base/strings.h"
#include "db/file_system_vfs.h"
#include "json/value.h"

namespace rw::sim {
namespace {
constexpr char kLogName[] = "azureml-logs/70_driver_log.txt";

bool IsTerminal(const std::string& status) {
  return status == "Completed" || status == "Failed" || status == "Canceled";
}
}  // namespace

bool Checks::Require(bool there, const std::string& invariant, const std::string& detail) {
  if (there) return true;
  if (stage_.server.alive()) stage_.Violate(invariant, detail);
  return false;
}

void Checks::OnAnswer(const net::Request& request, const net::Response& response) {
  Coverage& coverage = stage_.world.coverage;
  std::string text = response.status >= 500 ? response.body.bytes : "";
  if (response.status == 500) stage_.Violate("no_internal_error", request.path + ": " + text);
  if (response.status != 507) return;
  if (text.find("bytes needed") == std::string::npos)
    stage_.Violate("a_full_disk_is_told_with_bytes", text);
  if (text.find("runwright.db") != std::string::npos)
    coverage.Hit("full:507-database");
  else
    coverage.Hit(request.path.find("/logs") != std::string::npos ? "full:507-log"
                                                                 : "full:507-blob");
}

void Checks::Acked() {
  for (const std::string& id : stage_.ledger.submitted())
    if (!Require(stage_.asker.AskJson("GET", "/api/v1/runs/" + id).has_value(), "acked_run_is_kept",
                 id))
      return;
  for (const auto& [run, writers] : stage_.ledger.journals()) {
    auto offsets = stage_.asker.AskJson("GET", "/api/v1/runs/" + run + "/journal");
    if (!Require(offsets.has_value(), "acked_journal_is_kept", run)) return;
    for (const auto& [writer, acked] : writers)
      if ((*offsets)["writers"].IntOr(writer, 0) < acked)
        return stage_.Violate("acked_journal_is_kept", run);
  }
  Logs();
  Blobs(false);
}

void Checks::Logs() {
  auto logs = stage_.ledger.logs();
  for (const auto& shim : stage_.machine.shims()) {
    const std::string& run = shim->request().run.str();
    if (!shim->launched() || !logs.contains(run)) continue;
    auto bytes =
        stage_.asker.AskBytes("/api/v1/runs/" + run + "/artifacts/content?name=" + kLogName);
    std::string said = shim->script()->Log();
    auto acked = static_cast<size_t>(logs.at(run));
    bool kept = bytes && bytes->size() >= acked && said.starts_with(*bytes);
    if (!Require(kept, "acked_log_is_kept", run)) return;
  }
}

void Checks::Blobs(bool all) {
  for (const auto& [digest, size] : stage_.ledger.blobs()) {
    if (!all && stage_.world.random.Below(stage_.ledger.blobs().size()) > 8) continue;
    auto bytes = stage_.asker.AskBytes("/api/v1/blobs/" + digest);
    bool kept = bytes && static_cast<int64_t>(bytes->size()) == size;
    auto stored = stage_.blobs.find(digest);
    if (kept && stored != stage_.blobs.end()) kept = *bytes == stored->second;
    if (!Require(kept, "acked_blob_is_kept", bytes ? "other bytes" : bytes.error().message()))
      return;
  }
}

void Checks::Reads() {
  for (const std::string& id : stage_.ledger.submitted())
    if (!Require(stage_.asker.AskJson("GET", "/api/v1/runs/" + id).has_value(),
                 "reads_work_on_a_full_disk", id))
      return;
  if (stage_.disk.full()) stage_.world.coverage.Hit("full:read-works");
}

void Checks::Backup(const std::string& path) {
  db::FileSystemVfs vfs("backup", stage_.disk.fs(), stage_.world, stage_.world.random);
  auto opened = db::Connection::Open(path, {.vfs = "backup", .exclusive = true});
  // Opening it may write, and the disk may be full or lose its power just then.
  if (!opened && opened.error().code() == Code::kNoSpace) return;
  if (!Require(opened.has_value(), "a_backup_opens")) return;
  auto check = (*opened)->Prepare("PRAGMA integrity_check");
  bool whole = check && check->Step().value_or(false) && check->Text(0) == "ok";
  if (!Require(whole, "a_backup_is_whole")) return;
  auto run = (*opened)->Prepare("SELECT count(*) FROM runs WHERE parent_id IS NULL");
  bool all = run && run->Step().value_or(false) &&
             run->Int(0) >= static_cast<int64_t>(stage_.ledger.submitted().size());
  if (!Require(all, "a_backup_has_what_was_acked")) return;
  stage_.world.coverage.Hit("backup:taken");
}

bool Checks::AllEnded() {
  if (stage_.unfinished_clients > 0) return false;
  for (const std::string& id : stage_.wanted) {
    auto run = stage_.asker.AskJson("GET", "/api/v1/runs/" + id);
    if (!run || !IsTerminal(run->StringOr("status"))) return false;
  }
  for (const auto& notebook : stage_.notebooks) {
    if (!notebook->over()) return false;
    auto run = stage_.asker.AskJson("GET", "/api/v1/runs/" + notebook->run_id());
    bool never_begun = !run && run.error().code() == Code::kNotFound && !notebook->begun();
    if (!never_begun && (!run || !IsTerminal(run->StringOr("status")))) return false;
  }
  for (const auto& shim : stage_.machine.shims())
    if (!shim->ended()) return false;
  return true;
}

void Checks::LookForSilent() {
  for (const std::string& id : stage_.wanted) {
    auto run = stage_.asker.AskJson("GET", "/api/v1/runs/" + id);
    if (run && run->StringOr("status") == "NotResponding")
      stage_.world.coverage.Hit("run:not-responding");
  }
  for (const auto& notebook : stage_.notebooks) {
    auto run = stage_.asker.AskJson("GET", "/api/v1/runs/" + notebook->run_id());
    if (run && run->StringOr("status") == "NotResponding")
      stage_.world.coverage.Hit("notebook:not-responding");
  }
}

bool Checks::WasKilled(const std::string& run) const {
  for (const auto& shim : stage_.machine.shims())
    if (shim->request().run.str() == run && shim->killed()) return true;
  return false;
}

bool Checks::MustBeCanceled(const std::string& run) const {
  auto at = stage_.ledger.canceled().find(run);
  return at != stage_.ledger.canceled().end() &&
         (at->second == "Canceled" || !IsTerminal(at->second));
}

void Checks::AtTheEnd() {
  if (!stage_.ok()) return;
  Acked();
  Blobs(true);
  for (const auto& [allocation, starts] : stage_.ledger.starts())
    if (starts > 1) stage_.Violate("one_start_per_allocation");
  for (const std::string& id : stage_.wanted) Run(id);
  for (const auto& notebook : stage_.notebooks) NotebookRun(*notebook);
  for (const auto& shim : stage_.machine.shims()) {
    if (!shim->launched()) continue;
    if (shim->script()->running()) stage_.Violate("no_process_remains");
    // What a killed supervisor had not sent is collected by the server.
    Points(*shim);
    Log(*shim);
    bool whole = !WasKilled(shim->request().run.str());
    if (whole) Output(*shim);
    if (whole) Warned(*shim);
    if (whole) Times(*shim);
  }
  Slots();
}

/// What a run may end by: its script, a cancel, and the death of its supervisor.
void Checks::Run(const std::string& id) {
  auto run = stage_.asker.AskJson("GET", "/api/v1/runs/" + id);
  if (!run) return stage_.Violate("run_readable", id);
  std::string status = run->StringOr("status");
  std::string message = (*run)["error"].StringOr("message");
  int exit_code = stage_.plans[id].exit_code;
  bool ended_itself =
      exit_code == 0 ? status == "Completed"
                     : status == "Failed" && (*run)["error"].IntOr("exit_code", -1) == exit_code;
  bool lost = Lower(message).find("supervisor lost") != std::string::npos ||
              (*run)["error"].IntOr("signal", 0) == 9;
  bool fine = ended_itself || (status == "Failed" && lost && WasKilled(id));
  if (stage_.plans[id].endless) fine = status == "Failed" && lost && WasKilled(id);
  if (stage_.to_cancel.contains(id) && status == "Canceled") fine = true;
  if (MustBeCanceled(id)) fine = status == "Canceled";
  if (!fine) stage_.Violate("run_ends_as_it_should", json::Write(*run));
  for (const auto& shim : stage_.machine.shims())
    if (shim->request().run.str() == id && shim->launched()) Children(*shim, status);
}

Result<std::vector<double>> Checks::Values(const std::string& run, const std::string& name) {
  auto answer = TRY(stage_.asker.AskJson("GET", "/api/v1/runs/" + run + "/metrics?name=" + name));
  std::vector<double> values;
  for (const json::Value& metric : answer["metrics"].as_array())
    for (const json::Value& value : metric["values"].as_array())
      values.push_back(value.as_double());
  return values;
}

void Checks::Points(const Shim& shim) {
  auto values = Values(shim.request().run.str(), "i");
  if (!values) return stage_.Violate("metrics_readable");
  auto wanted = static_cast<size_t>(shim.script()->readable());
  bool exact = values->size() == wanted;
  for (size_t i = 0; exact && i < values->size(); i++)
    exact = (*values)[i] == static_cast<double>(i);
  if (!exact)
    stage_.Violate("points_exactly_once_in_order", shim.request().run.str() + " has " +
                                                       std::to_string(values->size()) + " of " +
                                                       std::to_string(wanted));
}

void Checks::Log(const Shim& shim) {
  const std::string& run = shim.request().run.str();
  auto bytes = stage_.asker.AskBytes("/api/v1/runs/" + run + "/artifacts/content?name=" + kLogName);
  std::string said = shim.script()->Log();
  if (!(bytes ? *bytes == said : said.empty())) stage_.Violate("log_is_whole", run);
}

void Checks::Children(const Shim& shim, const std::string& parent_status) {
  if (shim.script()->damaged()) return;
  for (const ScriptChild& child : shim.script()->children()) {
    auto run = stage_.asker.AskJson("GET", "/api/v1/runs/" + child.run_id);
    if (!run && WasKilled(shim.request().run.str())) continue;
    if (!run) return stage_.Violate("children_are_there", child.run_id);
    std::string status = run->StringOr("status");
    if (!IsTerminal(status)) return stage_.Violate("children_end_with_their_run", child.run_id);
    if (WasKilled(shim.request().run.str())) continue;
    std::string wanted = child.lasted_us >= 0 ? "Completed" : parent_status;
    int64_t lasted = ParseUtc(run->StringOr("end_time")) - ParseUtc(run->StringOr("start_time"));
    if (child.lasted_us >= 0 && lasted != child.lasted_us)
      return stage_.Violate("times_are_right", json::Write(*run));
    auto values = Values(child.run_id, "c");
    bool whole = values && values->size() == static_cast<size_t>(child.points);
    if (status != wanted || run->StringOr("parent_id") != shim.request().run.str() || !whole)
      return stage_.Violate("children_are_right", json::Write(*run));
  }
}

void Checks::Output(const Shim& shim) {
  if (shim.script()->output().empty()) return;
  const std::string& run = shim.request().run.str();
  auto bytes =
      stage_.asker.AskBytes("/api/v1/runs/" + run + "/artifacts/content?name=outputs/model.bin");
  if (!bytes || *bytes != shim.script()->output()) stage_.Violate("outputs_are_stored", run);
}

/// Damage is told by the run that it happened to.
void Checks::Warned(const Shim& shim) {
  if (!shim.script()->damaged()) return;
  auto run = stage_.asker.AskJson("GET", "/api/v1/runs/" + shim.request().run.str());
  bool told = false;
  if (run && (*run)["warnings"].is_array())
    for (const json::Value& warning : (*run)["warnings"].as_array())
      told = told || warning.StringOr("source") == "journal";
  if (!told) stage_.Violate("damage_is_told", run ? json::Write(*run) : "");
}

/// However the wall clock was set meanwhile.
void Checks::Times(const Shim& shim) {
  auto run = stage_.asker.AskJson("GET", "/api/v1/runs/" + shim.request().run.str());
  if (!run) return stage_.Violate("run_readable");
  int64_t created = ParseUtc(run->StringOr("created_time"));
  int64_t start = ParseUtc(run->StringOr("start_time"));
  int64_t end = ParseUtc(run->StringOr("end_time"));
  if (created <= start && end - start == shim.script()->lasted_us()) return;
  stage_.Violate("times_are_right",
                 json::Write(*run) + " lasted " + std::to_string(shim.script()->lasted_us()));
}

/// All that it logged is there, and it ended by its own word, or by the proof of its death.
void Checks::NotebookRun(const Notebook& notebook) {
  const std::string& id = notebook.run_id();
  auto run = stage_.asker.AskJson("GET", "/api/v1/runs/" + id);
  if (!run && !notebook.begun()) return;
  if (!run) return stage_.Violate("run_readable", id);
  std::string status = run->StringOr("status");
  std::string message = (*run)["error"].StringOr("message");
  bool complete = notebook.plan().end == NotebookPlan::End::kComplete;
  bool by_word = complete ? status == "Completed" : message == "it said so";
  bool by_death = message.find("ended without complete()") != std::string::npos;
  if (!(notebook.said_end() ? by_word : by_death))
    stage_.Violate("notebook_ends_as_it_should", json::Write(*run));
  auto values = Values(id, "i");
  bool whole = values && values->size() == static_cast<size_t>(notebook.logged());
  for (size_t i = 0; whole && i < values->size(); i++)
    whole = (*values)[i] == static_cast<double>(i);
  if (!whole)
    stage_.Violate("points_exactly_once_in_order", id + " has " +
                                                       std::to_string(values ? values->size() : 0) +
                                                       " of " + std::to_string(notebook.logged()));
  if (!notebook.child_made()) return;
  auto child = stage_.asker.AskJson("GET", "/api/v1/runs/" + id + "_c");
  if (!child) stage_.Violate("children_are_there", id);
}

void Checks::Slots() {
  auto local =
      stage_.asker.AskJson("GET", "/api/v1/workspaces/" + stage_.workspace + "/computes/local");
  if (!local) return stage_.Violate("target_readable");
  for (const json::Value& node : (*local)["nodes"].as_array())
    if (node["run_id"].is_string()) return stage_.Violate("no_slot_is_leaked", json::Write(*local));
}

}  // namespace rw::sim
