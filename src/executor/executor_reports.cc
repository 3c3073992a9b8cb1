// What an executor tells of the script and its end.
#include <algorithm>

#include "base/log.h"
#include "base/strings.h"
#include "executor/executor.h"

namespace rw::executor {

void Executor::ReportStarted() {
  if (std::exchange(reported_started_, true)) return;
  auto record = ReadStartRecord(context_.fs, folder_);
  if (!record) return;  // exec failed: it never started
  heartbeat_->SetState("running");
  json::Value body = json::Object();
  body.Set("pid", record->pid).Set("start_ticks", record->start_ticks);
  body.Set("boot_id", record->boot_id).Set("start_time", FormatUtc(record->wall_us));
  reports_->Send("started", std::move(body));
  if (canceled_) Terminate(grace_);
}

std::string Executor::LogTail() {
  constexpr uint64_t kTail = 64 << 10;
  auto file = context_.fs.Open(folder_.Path(grant_->plan.log_name), os::OpenMode::kRead);
  if (!file) return "";
  uint64_t size = (*file)->Size().value_or(0);
  uint64_t from = size > kTail ? size - kTail : 0;
  std::string bytes(size - from, '\0');
  bytes.resize((*file)->ReadAt(from, std::span<char>(bytes)).value_or(0));
  return bytes;
}

bool Executor::RanOutOfTime(const UsageRecord& usage) {
  // From the records, so that it holds also when another executor sent the signal.
  int64_t limit_us = grant_->plan.max_run_duration_seconds * 1'000'000;
  auto start = ReadStartRecord(context_.fs, folder_);
  if (limit_us == 0 || !start || start->boot_us == 0 || usage.boot_us == 0) return timed_out_;
  bool killed = outcome_.kind == Outcome::Kind::kSignal || outcome_.number != 0;
  return timed_out_ || (killed && !canceled_ && usage.boot_us - start->boot_us >= limit_us);
}

void Executor::LookInside() {
  if (!InContainer() || inside_ || engine_failed_) return;
  inside_ = ReadInsideEnd(context_.fs, folder_);
  if (inside_) {
    outcome_ = inside_->outcome;
    return;
  }
  engine_failed_ = outcome_.kind == Outcome::Kind::kCode && outcome_.number >= 125 &&
                   outcome_.number <= 127;  // its own codes, of podman and docker alike
  if (engine_failed_) outcome_.kind = Outcome::Kind::kExecFailed;
}

json::Value Executor::DescribeEnd(const UsageRecord& usage) {
  if (engine_failed_) return DescribeEngineFailure(outcome_.number, LogTail(), grant_->plan);
  Ending ending;
  ending.outcome = outcome_;
  ending.usage = usage;
  ending.peak_bytes = PeakBytes(usage);
  // A kill long ago is no reason for this death.
  if (monitor_ && monitor_->oom_kills() >= 0)
    ending.usage.machine_oom_before = monitor_->oom_kills();
  ending.timed_out = RanOutOfTime(usage);
  ending.log_tail = LogTail();
  if (auto record = ReadExitRecord(context_.fs, folder_)) ending.exec_path = record->path;
  if (inside_) ending.exec_path = inside_->exec_path;
  return DescribeEnding(ending, grant_->plan, folder_.work());
}

void Executor::ReportExited() {
  if (reported_exited_) return;
  ReportStarted();
  reported_exited_ = true;
  heartbeat_->SetState("finalizing");
  auto record = ReadExitRecord(context_.fs, folder_);
  json::Value body = json::Object();
  UsageRecord usage = ReadUsageRecord(context_.fs, folder_).value_or(UsageRecord());
  // The shim counts in a group of its own, where the container is not.
  if (InContainer()) usage.group_oom = inside_ ? inside_->group_oom : -1;
  if (inside_) usage.peak_bytes = std::max(usage.peak_bytes, inside_->peak_bytes);
  json::Value error = DescribeEnd(usage);
  switch (outcome_.kind) {
    case Outcome::Kind::kCode:
      body.Set("exit_code", outcome_.number);
      break;
    case Outcome::Kind::kSignal:
      body.Set("signal", outcome_.number);
      break;
    case Outcome::Kind::kExecFailed:
      body.Set("exec_error", error.StringOr("message"));
      break;
  }
  body.Set("end_time", FormatUtc(record ? record->wall_us : context_.clock.WallMicros()));
  auto start = ReadStartRecord(context_.fs, folder_);
  if (start && start->boot_us > 0 && usage.boot_us >= start->boot_us)
    body.Set("duration_us", usage.boot_us - start->boot_us);
  if (!error.is_null()) body.Set("error", std::move(error));
  body.Set("summary", Summary(usage));
  reports_->Send("exited", std::move(body));
}

int64_t Executor::PeakBytes(const UsageRecord& usage) const {
  return std::max(usage.peak_bytes, monitor_ ? monitor_->peak_bytes() : 0);
}

json::Value Executor::Summary(const UsageRecord& usage) const {
  json::Value out = json::Object();
  if (int64_t peak = PeakBytes(usage); peak > 0) out.Set("peak_memory_bytes", peak);
  if (usage.group_oom > 0) out.Set("oom_kills", usage.group_oom);
  return out;
}

void Executor::FailAttempt(json::Value error) {
  LOG_ERROR("attempt.failed", {"run", claim_.run_id}, {"why", error.StringOr("message")});
  attempt_error_ = std::move(error);
  heartbeat_->SetState("finalizing");
  ShipTheRest();
}

}  // namespace rw::executor
