// What an executor still sends after the script's end, and its last word.
#include "base/log.h"
#include "base/strings.h"
#include "executor/compat.h"
#include "executor/executor.h"
#include "executor/protection.h"

namespace rw::executor {

void Executor::RemoveContainer(Task then) {
  bool begun = os::Exists(context_.fs, folder_.Path("state/launching"));
  if (!InContainer() || !begun || options_.node == nullptr) return then();
  context_.pool.Run(
      "container.remove",
      [&node = *options_.node, command = RemoveCommand(*grant_),
       environment = EngineEnvironment(grant_->plan, options_.base_environment)] {
        node.Run(command, environment);
      },
      lifetime_.Bind(std::move(then)));
}

void Executor::ShipTheRest() {
  if (std::exchange(shipping_rest_, true)) return;
  // One that was killed may still run: an engine's service does not die with its client. After an
  // end of its own at most a record of it is left.
  if (inside_ || !InContainer()) return Ship(InContainer());
  RemoveContainer([this] { Ship(false); });
}

void Executor::Ship(bool container_is_left) {
  // An attempt that never began has nothing of its own.
  bool may_have_run = os::Exists(context_.fs, folder_.started()) || log_;
  if (!may_have_run) return ReportFinished();
  FollowScript();
  WatchFinalizing();
  unshipped_ = (monitor_ ? 5 : 4) + (container_is_left ? 1 : 0);
  if (container_is_left) RemoveContainer([this] { Shipped(); });
  CheckBuild();
  if (monitor_) monitor_->Stop(lifetime_.Bind([this] { Shipped(); }));
  if (disk_)
    for (Warning& warning : disk_->Finish()) Warn(std::move(warning));
  log_->Finish(lifetime_.Bind([this] { Shipped(); }));
  auto add = [this](Warnings more) {
    for (Warning& warning : more) warnings_.push_back(std::move(warning));
    Shipped();
  };
  journal_->Finish(lifetime_.Bind(add));
  outputs_->Finish(lifetime_.Bind(add));
}

void Executor::CheckBuild() {
  if (grant_->plan.protect.build.empty()) return Shipped();
  auto found = std::make_shared<Warnings>();
  context_.pool.Run(
      "protection.check",
      [found, &fs = context_.fs, folder = folder_, protect = grant_->plan.protect] {
        *found = CheckProtection(fs, folder, protect);
      },
      lifetime_.Bind([this, found] {
        for (Warning& warning : *found) Warn(std::move(warning));
        Shipped();
      }));
}

void Executor::Shipped() {
  if (--unshipped_ == 0) ReportFinished();
}

void Executor::WatchFinalizing() {
  constexpr int64_t kSecond = 1'000'000;
  context_.loop.After("finalizing", std::chrono::seconds(1), lifetime_.Bind([this] {
    if (finished_ || done_ || fenced_) return;
    if (!server_->away()) finalizing_us_ += kSecond;
    if (finalizing_us_ >= grant_->plan.finalizing_seconds * kSecond) return CutShort();
    WatchFinalizing();
  }));
}

/// Bytes of a file that the server has not acked.
uint64_t Executor::Unsent(const std::string& path, const std::string& key) {
  auto info = context_.fs.Stat(path);
  uint64_t acked = offsets_->Get(key);
  return info && info->size > acked ? info->size - acked : 0;
}

void Executor::CutShort() {
  uint64_t logs =
      Unsent(folder_.Path(grant_->plan.log_name), Offsets::LogKey(grant_->plan.log_name));
  uint64_t journals = 0;
  for (const os::DirEntry& entry :
       context_.fs.List(folder_.journal()).value_or(std::vector<os::DirEntry>())) {
    std::string writer = entry.name.substr(0, entry.name.find('.'));
    journals += Unsent(folder_.journal() + "/" + entry.name, Offsets::JournalKey(writer));
  }
  Warn({"finalizing", "Collecting what the run left took longer than " +
                          std::to_string(grant_->plan.finalizing_seconds) + " s: " +
                          std::to_string(outputs_->Unstored()) + " files, " + std::to_string(logs) +
                          " bytes of the log and " + std::to_string(journals) +
                          " bytes of metrics were not uploaded. They are in " + folder_.root +
                          "; server --finalizing-limit raises the limit."});
  ReportFinished();
}

void Executor::ReportFinished() {
  if (std::exchange(finished_, true)) return;
  offsets_->Save();
  if (!attempt_error_.is_null()) {
    reports_->Send("failed", attempt_error_, lifetime_.Bind([this] { End(0); }));
    return;
  }
  auto environment = MakeEnvironment(*grant_, folder_, server_->url(), options_.base_environment);
  for (Warning& warning : environment.warnings) warnings_.push_back(std::move(warning));
  for (Warning& note : ReadCompatNotes(context_.fs, folder_)) warnings_.push_back(std::move(note));
  json::Array list;
  for (const Warning& warning : warnings_)
    list.push_back(json::Object{{"source", warning.source}, {"message", warning.message}});
  json::Value body = json::Object();
  body.Set("warnings", std::move(list));
  reports_->Send("finished", std::move(body), lifetime_.Bind([this] { End(0); }));
}

}  // namespace rw::executor
