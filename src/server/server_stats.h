// What the server counts of itself, for /metrics. On the loop's thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "base/clock.h"
#include "db/writer.h"
#include "net/http.h"

namespace rw::server {

/// Durations in seconds, 100 us to 10 s.
class DurationHistogram {
 public:
  static constexpr std::array<double, 11> kBounds = {0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05,
                                                     0.1,    0.5,    1,     5,     10};
  void Observe(int64_t micros);
  /// Of those up to kBounds[i].
  uint64_t CumulativeCount(size_t i) const;
  uint64_t count() const { return count_; }
  double sum_seconds() const { return static_cast<double>(sum_us_) / 1e6; }

 private:
  std::array<uint64_t, kBounds.size()> counts_{};
  uint64_t count_ = 0;
  int64_t sum_us_ = 0;
};

struct ServerStats {
  std::map<std::tuple<std::string, std::string, int>, uint64_t> requests;  // method, route, status
  std::map<std::string, DurationHistogram> request_time;                   // by route
  std::map<std::string, uint64_t> request_bytes;                           // bodies, by route
  uint64_t points = 0;           // values of metrics that came in journals and requests
  DurationHistogram write_time;  // from submission to durable
  int64_t writes_waiting = 0;
  uint64_t writes_failed = 0;
};

/// Counts an answer, and how long it took, when it is sent (of a stream: when it begins).
std::shared_ptr<net::Responder> CountAnswers(ServerStats& stats, Clock& clock,
                                             const net::Request& request, std::string route,
                                             std::shared_ptr<net::Responder> responder);

/// Passes everything on and measures it. `inner`, `stats` and `clock` outlive it.
class MeteredWriter final : public db::Writer {
 public:
  MeteredWriter(db::Writer& inner, ServerStats& stats, Clock& clock)
      : inner_(inner), stats_(stats), clock_(clock) {}
  void Submit(std::string_view name, Operation operation, Done done) override;

 private:
  db::Writer& inner_;
  ServerStats& stats_;
  Clock& clock_;
};

}  // namespace rw::server
