#include "server/server_stats.h"

namespace rw::server {
namespace {

class CountingResponder final : public net::Responder {
 public:
  CountingResponder(ServerStats& stats, Clock& clock, std::string method, std::string route,
                    std::shared_ptr<net::Responder> inner)
      : stats_(stats),
        clock_(clock),
        method_(std::move(method)),
        route_(std::move(route)),
        inner_(std::move(inner)),
        began_us_(clock.BootMicros()) {}

  void Send(net::Response response) override {
    Note(response.status);
    inner_->Send(std::move(response));
  }
  std::shared_ptr<net::StreamSink> Stream(net::Response head) override {
    Note(head.status);
    return inner_->Stream(std::move(head));
  }

 private:
  void Note(int status) {
    stats_.requests[{method_, route_, status}]++;
    stats_.request_time[route_].Observe(clock_.BootMicros() - began_us_);
  }

  ServerStats& stats_;
  Clock& clock_;
  const std::string method_;
  const std::string route_;
  std::shared_ptr<net::Responder> inner_;
  const int64_t began_us_;
};

}  // namespace

void DurationHistogram::Observe(int64_t micros) {
  count_++;
  sum_us_ += micros;
  double seconds = static_cast<double>(micros) / 1e6;
  for (size_t i = 0; i < kBounds.size(); i++) {
    if (seconds > kBounds[i]) continue;
    counts_[i]++;
    return;
  }
}

uint64_t DurationHistogram::CumulativeCount(size_t i) const {
  uint64_t total = 0;
  for (size_t at = 0; at <= i; at++) total += counts_[at];
  return total;
}

std::shared_ptr<net::Responder> CountAnswers(ServerStats& stats, Clock& clock,
                                             const net::Request& request, std::string route,
                                             std::shared_ptr<net::Responder> responder) {
  stats.request_bytes[route] += request.body.size();
  return std::make_shared<CountingResponder>(stats, clock, request.method, std::move(route),
                                             std::move(responder));
}

void MeteredWriter::Submit(std::string_view name, Operation operation, Done done) {
  stats_.writes_waiting++;
  inner_.Submit(name, std::move(operation),
                [&stats = stats_, &clock = clock_, began_us = clock_.BootMicros(),
                 done = std::move(done)](Status status) {
                  stats.writes_waiting--;
                  if (!status) stats.writes_failed++;
                  stats.write_time.Observe(clock.BootMicros() - began_us);
                  if (done) done(std::move(status));
                });
}

}  // namespace rw::server
