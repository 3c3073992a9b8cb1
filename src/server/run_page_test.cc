#include "meta/metric_rows.h"
#include "server/pages.h"
#include "server/testing/core_fixture.h"

namespace rw::server {
namespace {

class RunPageTest : public testing::CoreFixture {
 protected:
  void SetUp() override {
    CoreFixture::SetUp();
    InsertRun("r", "w");
  }
};

TEST_F(RunPageTest, WithoutATokenItIsAFormAndSaysNothing) {
  for (const char* run : {"r", "none"}) {
    auto answer = Do("GET", std::string("/runs/") + run, "", "");
    EXPECT_EQ(answer.status(), 401);
    EXPECT_NE(answer.response->body.bytes.find("<form"), std::string::npos);
    EXPECT_EQ(answer.response->body.bytes.find("Running"), std::string::npos);
  }
  EXPECT_EQ(Do("GET", "/runs/none").status(), 404);
}

TEST_F(RunPageTest, ShowsWhatIsThereEscaped) {
  ASSERT_TRUE(db->Execute("INSERT INTO run_tags VALUES (1, '<script>alert(1)</script>', 'v')"));
  ASSERT_TRUE(
      db->Execute("INSERT INTO logs (run_row, name, number, size)"
                  " VALUES (1, 'azureml-logs/70_driver_log.txt', 1, 9)"));
  ASSERT_TRUE(fs.MakeDirs("/data/logs/r", 0700));
  ASSERT_TRUE((*fs.Open("/data/logs/r/1.log", os::OpenMode::kTruncate))->WriteAt(0, "<b>12\nmore"));
  meta::SegmentBuilder segment("");
  segment.AddNumber(1, 1, {}, 0.5);
  segment.AddNumber(2, 2, {}, 0.25);
  ASSERT_TRUE(meta::AddSegment(*db, 1, "loss", "scalar", "w", 0, segment));
  auto answer = Do("GET", "/runs/r");
  EXPECT_EQ(answer.status(), 200);
  const std::string& page = answer.response->body.bytes;
  EXPECT_EQ(page.find("<script>alert"), std::string::npos);
  EXPECT_NE(page.find("&lt;script&gt;alert"), std::string::npos);
  EXPECT_NE(page.find("&lt;b&gt;12\nmor</pre>"), std::string::npos);
  EXPECT_NE(page.find("loss</td><td class=\"number\">0.25</td><td class=\"number\">2"),
            std::string::npos);
  EXPECT_NE(answer.response->headers["Content-Security-Policy"].find("default-src 'none'"),
            std::string::npos);
}

TEST(Pages, TemplatesEscapeUnlessTold) {
  EXPECT_EQ(FillTemplate("a{{x}}b{{{y}}}c", {{"x", "<&>"}, {"y", "<i>"}}), "a&lt;&amp;&gt;b<i>c");
}

TEST(Pages, OnlyPathsOfThisServer) {
  EXPECT_EQ(LocalPath("/runs/x?y"), "/runs/x?y");
  for (const char* away : {"", "//evil", "/\\evil", "http://evil", "/\t/evil"})
    EXPECT_EQ(LocalPath(away), "/") << away;
}

}  // namespace
}  // namespace rw::server
