#include "executor/monitor.h"

#include <algorithm>
#include <cmath>

#include "base/strings.h"

namespace rw::executor {
namespace {
constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kSendEveryUs = 30 * kSecond;
/// While the server is away: later samples are left out.
constexpr size_t kMostKept = 2000;

int64_t IntervalAt(int64_t age_us) {
  if (age_us < 3600 * kSecond) return 5 * kSecond;
  return age_us < int64_t{24} * 3600 * kSecond ? 30 * kSecond : 120 * kSecond;
}
}  // namespace

Monitor::Monitor(Context& context, ServerLink& server, Node& node, std::string run_id,
                 std::string run_dir)
    : context_(context),
      server_(server),
      node_(node),
      run_id_(std::move(run_id)),
      run_dir_(std::move(run_dir)) {}

void Monitor::Start() {
  begun_boot_us_ = sent_boot_us_ = context_.clock.BootMicros();
  // An early one, so that short runs have some and the first rates have a beginning.
  SampleLater(std::chrono::milliseconds(500));
}

void Monitor::Stop(Task done) {
  stopped_ = true;
  done_ = std::move(done);
  if (!sending_ && times_.empty()) return Sent();
  Send();
}

void Monitor::Sent() {
  sending_ = false;
  if (!stopped_) return;
  if (!times_.empty()) return Send();
  if (done_) std::exchange(done_, nullptr)();
}

void Monitor::SampleLater(std::chrono::microseconds delay) {
  context_.loop.After("monitor.sample", delay, lifetime_.Bind([this] { Take(); }));
}

void Monitor::Take() {
  if (stopped_) return;
  auto sample = std::make_shared<NodeSample>();
  context_.pool.Run(
      "monitor.sample", [sample, &node = node_] { *sample = node.Sample(); },
      lifetime_.Bind([this, sample] {
        if (stopped_) return;
        Add(*sample);
        int64_t now = context_.clock.BootMicros();
        if (now - sent_boot_us_ >= kSendEveryUs) Send();
        SampleLater(std::chrono::microseconds(IntervalAt(now - begun_boot_us_)));
      }));
}

void Monitor::Put(const std::string& name, double value) {
  std::vector<double>& column = values_[name];
  column.resize(times_.size() - 1, std::nan(""));
  column.push_back(value);
}

void Monitor::Add(const NodeSample& sample) {
  peak_bytes_ = std::max(peak_bytes_, sample.resident_bytes);
  oom_kills_ = sample.machine_oom_kills;
  int64_t now = context_.clock.BootMicros();
  auto before = std::exchange(last_, sample);
  auto seconds = static_cast<double>(now - std::exchange(last_boot_us_, now)) / 1e6;
  if (times_.size() >= kMostKept) return;
  times_.push_back(context_.clock.WallMicros());
  Put("processes", sample.processes);
  Put("memory_bytes", static_cast<double>(sample.resident_bytes));
  if (sample.machine_memory_bytes >= 0)
    Put("machine_memory_bytes", static_cast<double>(sample.machine_memory_bytes));
  Put("disk_free_bytes", static_cast<double>(node_.SpaceOf(run_dir_).free));
  for (size_t i = 0; i < sample.gpus.size(); i++) {
    std::string gpu = "gpu" + std::to_string(i);
    Put(gpu + "_percent", sample.gpus[i].utilization_percent);
    Put(gpu + "_memory_bytes", static_cast<double>(sample.gpus[i].memory_bytes));
  }
  if (!before || seconds <= 0) return;
  // Totals go back when a process ends: then nothing is known of this interval.
  auto rate = [&](const std::string& name, int64_t from, int64_t to, double scale) {
    if (from >= 0 && to >= from) Put(name, static_cast<double>(to - from) * scale / seconds);
  };
  rate("cpu_percent", before->cpu_us, sample.cpu_us, 1e-4);
  rate("machine_cpu_percent", before->machine_cpu_us, sample.machine_cpu_us, 1e-4);
  rate("disk_read_bytes_per_second", before->read_bytes, sample.read_bytes, 1);
  rate("disk_written_bytes_per_second", before->written_bytes, sample.written_bytes, 1);
  rate("network_received_bytes_per_second", before->received_bytes, sample.received_bytes, 1);
  rate("network_sent_bytes_per_second", before->sent_bytes, sample.sent_bytes, 1);
}

void Monitor::Send() {
  if (sending_ || times_.empty()) return;
  sending_ = true;
  sent_boot_us_ = context_.clock.BootMicros();
  json::Array times;
  for (int64_t time : times_) times.push_back(time);
  json::Value values = json::Object();
  for (auto& [name, column] : values_) {
    column.resize(times_.size(), std::nan(""));
    json::Array list;
    for (double value : column)
      list.push_back(std::isnan(value) ? json::Value() : json::Value(value));
    values.Set(name, std::move(list));
  }
  times_.clear();
  values_.clear();
  json::Value body = json::Object();
  body.Set("times_us", std::move(times)).Set("values", std::move(values));
  server_.Post("/api/v1/runs/" + PercentEncode(run_id_) + "/system_metrics", body,
               lifetime_.Bind([this](const net::Response&) { Sent(); }),
               ServerLink::Patience::kUntilWord);
}

}  // namespace rw::executor
