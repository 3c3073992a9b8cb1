#include "base/strings.h"
#include "server/prometheus_text.h"
#include "server/server_stats.h"
#include "server/testing/core_fixture.h"

namespace rw::server {
namespace {

using testing::Answer;

TEST(PrometheusText, IsTheTextFormat) {
  PrometheusText text;
  text.Family("a_total", "counter", "How many.");
  text.Sample("a_total", {{"path", "a\"b\\c\nd"}, {"x", "y"}}, 3);
  text.Sample("a_total", {}, 0.5);
  EXPECT_EQ(text.Take(),
            "# HELP a_total How many.\n# TYPE a_total counter\n"
            "a_total{path=\"a\\\"b\\\\c\\nd\",x=\"y\"} 3.0\na_total 0.5\n");
}

TEST(DurationHistogram, Accumulates) {
  DurationHistogram histogram;
  for (int64_t us : {50, 100, 101, 2'000'000, 60'000'000}) histogram.Observe(us);
  EXPECT_EQ(histogram.CumulativeCount(0), 2u);
  EXPECT_EQ(histogram.CumulativeCount(1), 3u);
  EXPECT_EQ(histogram.CumulativeCount(DurationHistogram::kBounds.size() - 1), 4u);
  EXPECT_EQ(histogram.count(), 5u);
}

class PrometheusTest : public testing::CoreFixture {
 protected:
  /// The value of the sample that begins so; "" where there is none.
  std::string Value(const std::string& sample) {
    Answer answer = Do("GET", "/metrics");
    EXPECT_EQ(answer.status(), 200);
    for (const std::string& line : Split(answer.response->body.bytes, '\n'))
      if (line.starts_with(sample + " ")) return line.substr(sample.size() + 1);
    return {};
  }
};

TEST_F(PrometheusTest, CountsRunsRequestsAndWrites) {
  std::string ws = MakeWorkspace();
  Do("POST", "/api/v1/workspaces/" + ws + "/runs", R"({"experiment":"digits","run_id":"r1"})");
  EXPECT_EQ(Do("GET", "/api/v1/runs/none").status(), 404);
  EXPECT_EQ(Do("GET", "/nowhere").status(), 404);
  EXPECT_EQ(Value("runwright_runs{status=\"Running\"}"), "1.0");
  EXPECT_EQ(Value("runwright_http_requests_total{method=\"GET\",route=\"/api/v1/runs/{run}\","
                  "status=\"404\"}"),
            "1.0");
  EXPECT_EQ(Value("runwright_http_requests_total{method=\"GET\",route=\"other\",status=\"404\"}"),
            "1.0");
  EXPECT_EQ(Value("runwright_http_request_bytes_total{route=\"/api/v1/workspaces/{ws}/runs\"}"),
            "37.0");
  EXPECT_EQ(Value("runwright_writes_waiting"), "0.0");
  EXPECT_FALSE(Value("runwright_write_duration_seconds_bucket{le=\"+Inf\"}").empty());
}

TEST_F(PrometheusTest, NeedsTheOwnersToken) {
  EXPECT_EQ(Do("GET", "/metrics", "", "").status(), 401);
  InsertRun("r1", MakeWorkspace());
  ASSERT_TRUE(Auth::InsertRunToken(*db, std::string(64, 'b'), "r1", "w", "a", 1));
  EXPECT_EQ(Do("GET", "/metrics", "", std::string(64, 'b')).status(), 403);
}

}  // namespace
}  // namespace rw::server
