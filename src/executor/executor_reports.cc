// What an executor tells of the script and its end, and what it still sends before the last word.
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

json::Value Executor::DescribeEnd(const UsageRecord& usage) {
  Ending ending;
  ending.outcome = outcome_;
  ending.usage = usage;
  ending.peak_bytes = usage.peak_bytes;
  ending.timed_out = RanOutOfTime(usage);
  ending.log_tail = LogTail();
  if (auto record = ReadExitRecord(context_.fs, folder_)) ending.exec_path = record->path;
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

json::Value Executor::Summary(const UsageRecord& usage) const {
  json::Value out = json::Object();
  if (usage.peak_bytes > 0) out.Set("peak_memory_bytes", usage.peak_bytes);
  if (usage.group_oom > 0) out.Set("oom_kills", usage.group_oom);
  return out;
}

void Executor::FailAttempt(json::Value error) {
  LOG_ERROR("attempt.failed", {"run", claim_.run_id}, {"why", error.StringOr("message")});
  attempt_error_ = std::move(error);
  heartbeat_->SetState("finalizing");
  ShipTheRest();
}

void Executor::ShipTheRest() {
  if (std::exchange(shipping_rest_, true)) return;
  // An attempt that never began has nothing of its own.
  bool may_have_run = os::Exists(context_.fs, folder_.started()) || log_;
  if (!may_have_run) return ReportFinished();
  FollowScript();
  unshipped_ = 3;
  log_->Finish(lifetime_.Bind([this] { Shipped(); }));
  auto add = [this](Warnings more) {
    for (Warning& warning : more) warnings_.push_back(std::move(warning));
    Shipped();
  };
  journal_->Finish(lifetime_.Bind(add));
  outputs_->Finish(lifetime_.Bind(add));
}

void Executor::Shipped() {
  if (--unshipped_ == 0) ReportFinished();
}

void Executor::ReportFinished() {
  offsets_->Save();
  if (!attempt_error_.is_null()) {
    reports_->Send("failed", attempt_error_, lifetime_.Bind([this] { End(0); }));
    return;
  }
  auto environment = MakeEnvironment(*grant_, folder_, server_->url(), options_.base_environment);
  for (Warning& warning : environment.warnings) warnings_.push_back(std::move(warning));
  json::Array list;
  for (const Warning& warning : warnings_)
    list.push_back(json::Object{{"source", warning.source}, {"message", warning.message}});
  json::Value body = json::Object();
  body.Set("warnings", std::move(list));
  reports_->Send("finished", std::move(body), lifetime_.Bind([this] { End(0); }));
}

}  // namespace rw::executor
