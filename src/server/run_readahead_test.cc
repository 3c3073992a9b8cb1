#include "server/run_readahead.h"

#include <gtest/gtest.h>

#include "server/testing/core_fixture.h"

namespace rw::server {
namespace {

/// A list of 100 pages: page n ends at row n. Searches are answered when the test says so.
class RunReadaheadTest : public ::testing::Test {
 protected:
  static int64_t RowOf(const meta::RunSearch& search) {
    return search.after ? search.after->row : 0;
  }
  void Answer(size_t i) {
    meta::RunPage page;
    int64_t row = RowOf(asked[i]) + 1;
    page.text = std::to_string(row);
    if (row < 100) page.next = meta::RunPlace{false, {}, row};
    answers[i](std::move(page));
  }
  void Read(int64_t after, int64_t limit = 100) {
    meta::RunSearch search;
    search.limit = limit;
    if (after > 0) search.after = meta::RunPlace{false, {}, after};
    readahead->Read("list", search,
                    [this](Result<meta::RunPage> page) { got += page->text + " "; });
    loop.Advance(1);
  }
  void SetUp() override {
    readahead = std::make_unique<RunReadahead>(
        loop, [this] { return version; },
        [this](meta::RunSearch search, RunReadahead::Done done) {
          asked.push_back(std::move(search));
          answers.push_back(std::move(done));
        });
  }

  testing::ManualLoop loop;
  int64_t version = 1;
  std::vector<meta::RunSearch> asked;
  std::vector<RunReadahead::Done> answers;
  std::string got;
  std::unique_ptr<RunReadahead> readahead;
};

TEST_F(RunReadaheadTest, TheFirstPageAloneIsNotReadAhead) {
  Read(0);
  Answer(0);
  EXPECT_EQ(asked.size(), 1u);
  EXPECT_EQ(got, "1 ");
}

TEST_F(RunReadaheadTest, WhoAsksForTheLongestPagesWantsThemAll) {
  Read(0, 1000);
  Answer(0);
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_EQ(RowOf(asked[1]), 1);
}

TEST_F(RunReadaheadTest, TheNextPageIsThereWhenItIsAskedFor) {
  Read(1);
  Answer(0);
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_EQ(RowOf(asked[1]), 2);
  Answer(1);
  Read(2);
  EXPECT_EQ(got, "2 3 ");
  ASSERT_EQ(asked.size(), 3u) << "and the one after it is read";
  EXPECT_EQ(RowOf(asked[2]), 3);
  Read(3);
  EXPECT_EQ(got, "2 3 ") << "waits for the search that runs";
  EXPECT_EQ(asked.size(), 3u);
  Answer(2);
  EXPECT_EQ(got, "2 3 4 ");
}

TEST_F(RunReadaheadTest, ACommitMakesItUseless) {
  Read(1);
  Answer(0);
  Answer(1);
  version++;
  Read(2);
  ASSERT_EQ(asked.size(), 3u);
  EXPECT_EQ(RowOf(asked[2]), 2) << "searched anew";
  Answer(2);
  EXPECT_EQ(got, "2 3 ");
  EXPECT_EQ(asked.size(), 3u) << "while others write, nothing is read ahead";
}

TEST_F(RunReadaheadTest, PagesOfAClientThatLeftAreDropped) {
  Read(1);
  Answer(0);
  Answer(1);
  loop.Advance(6'000'000);
  Read(2);
  EXPECT_EQ(asked.size(), 3u);
}

TEST_F(RunReadaheadTest, TheLastPageHasNoNext) {
  Read(99);
  Answer(0);
  EXPECT_EQ(asked.size(), 1u);
  EXPECT_EQ(got, "100 ");
}

}  // namespace
}  // namespace rw::server
