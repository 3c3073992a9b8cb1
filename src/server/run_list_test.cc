// Lists of runs, their filters and order.
#include "server/testing/run_fixture.h"

namespace rw::server {
namespace {

TEST_F(RunTest, TagsPropertiesAndTheirFilters) {
  std::string id = SubmitId(R"(,"tags":{"a":"1","b":null},"properties":{"p":"q"})");
  SubmitId();
  std::string run = "/api/v1/runs/" + id, list = "/api/v1/workspaces/" + ws + "/runs";
  EXPECT_EQ(Do("PATCH", run, R"({"tags":{"c":"3"},"remove_tags":["a"],"display_name":"n"})")
                .json()
                .StringOr("display_name"),
            "n");
  EXPECT_EQ(Do("PATCH", run, R"({"properties":{"p":"other"}})").status(), 409);
  EXPECT_EQ(json::Write(Run(id)["tags"]), R"({"b":null,"c":"3"})");
  EXPECT_EQ(Do("GET", list).json()["items"].as_array().size(), 2u);
  for (const char* query : {"?tag=c=3", "?tag=b", "?property=p=q", "?status=Starting&tag=c"}) {
    auto items = Do("GET", list + query).json()["items"];
    ASSERT_EQ(items.as_array().size(), 1u) << query;
    EXPECT_EQ(items.as_array()[0].StringOr("id"), id);
  }
  auto page = Do("GET", list + "?limit=1").json();
  EXPECT_EQ(Do("GET", list + "?limit=1&cursor=" + page.StringOr("next_cursor"))
                .json()["items"]
                .as_array()[0]
                .StringOr("id"),
            id);
}

TEST_F(RunTest, ListsAreWhatEachRunIs) {
  std::string first =
      SubmitId(R"(,"arguments":["--lr","0.5"],"tags":{"a":"1"},"properties":{"p":"q"})");
  for (int i = 0; i < 6; i++) SubmitId(R"(,"params":{"lr":)" + std::to_string(i) + "}");
  std::string list = "/api/v1/workspaces/" + ws + "/runs";
  auto items = Do("GET", list).json()["items"];
  ASSERT_EQ(items.as_array().size(), 7u);
  bool waited = false;
  for (const json::Value& item : items.as_array()) {
    json::Value run = Run(item.StringOr("id"));
    waited = waited || run["reason"].IntOr("position", 0) > 0;
    run.as_object().erase("params");
    EXPECT_EQ(json::Write(item), json::Write(run));
  }
  EXPECT_TRUE(waited) << "runs in the queue were not looked at";
  EXPECT_EQ(Run(first)["params"].StringOr("lr"), "0.5");
  auto cheapest = Do("GET", list + "?sort=params.lr&limit=2").json();
  EXPECT_EQ(cheapest["items"].as_array()[0]["params"].StringOr("lr"), "0");
  EXPECT_EQ(cheapest["items"].as_array()[1].StringOr("id"), first);
  std::string cursor = "&cursor=" + cheapest.StringOr("next_cursor");
  auto next = Do("GET", list + "?sort=params.lr&limit=2" + cursor).json();
  EXPECT_EQ(next["items"].as_array()[0]["params"].StringOr("lr"), "1");
  EXPECT_EQ(Do("GET", list + "?sort=-params.lr" + cursor).json()["error"].StringOr("field"),
            "cursor");
  EXPECT_EQ(Do("GET", list + "?cursor=ffee").status(), 400);
  EXPECT_EQ(Do("GET", list + "?sort=params.lr&cursor=ffee").status(), 400);
}

TEST_F(RunTest, RunsByTheirMetrics) {
  std::string list = "/api/v1/workspaces/" + ws + "/runs";
  std::vector<std::string> ids;
  for (const char* value : {"0.5", "0.9", "\"NaN\"", "0.7"}) {
    ids.push_back(Do("POST", list, R"({"experiment":"digits"})").json().StringOr("id"));
    Do("POST", "/api/v1/runs/" + ids.back() + "/metrics",
       std::string(R"({"metrics":[{"name":"acc","value":)") + value + "}]}");
  }
  auto best = Do("GET", list + "?sort=-metrics.acc&filter=not%20metrics.acc%3D0.7").json()["items"];
  ASSERT_EQ(best.as_array().size(), 3u);
  EXPECT_EQ(best.as_array()[0].StringOr("id"), ids[1]);
  EXPECT_EQ(best.as_array()[0]["metrics"]["acc"].DoubleOr("last", 0), 0.9);
  EXPECT_EQ(best.as_array()[1].StringOr("id"), ids[0]);
  EXPECT_EQ(best.as_array()[2].StringOr("id"), ids[2]) << "NaN has no place: last";
  auto wrong = Do("GET", list + "?filter=metrics.acc%20%3E%3E%201");
  EXPECT_EQ(wrong.status(), 400);
  EXPECT_EQ(wrong.json()["error"].StringOr("field"), "filter");
  EXPECT_NE(wrong.json()["error"].StringOr("message").find("character 14"), std::string::npos);
}

}  // namespace
}  // namespace rw::server
