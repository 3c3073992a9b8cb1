// The next page of a list of runs, read while the client still works on this one.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/loop.h"
#include "meta/run_search.h"

namespace rw::server {

/// Only a caller that already follows a cursor, or asks for the longest pages, is read ahead for,
/// and a page that was read ahead is given only while nothing was committed since: it is then what
/// a search would find now. On the loop's thread.
class RunReadahead {
 public:
  using Done = std::function<void(Result<meta::RunPage>)>;
  /// Calls `done` on the loop, never before it returns.
  using Search = std::function<void(meta::RunSearch, Done)>;
  /// Another number after each commit; nothing where that cannot be told.
  using Version = std::function<std::optional<int64_t>()>;

  /// Without a `version` nothing is read ahead.
  RunReadahead(Loop& loop, Version version, Search search);
  ~RunReadahead();

  /// `list`: what was asked for but the cursor; the same for pages of one list only.
  void Read(std::string list, meta::RunSearch search, Done done);

 private:
  struct Page;
  using PagePtr = std::shared_ptr<Page>;

  PagePtr Take(const std::string& key);
  void Now(std::string list, meta::RunSearch search, Done done);
  void Begin(const std::string& list, meta::RunSearch search, const meta::RunPage& before);
  void Arrived(const PagePtr& page, Result<meta::RunPage> result);
  void DropLater();

  Loop& loop_;
  const Version version_;
  const Search search_;
  std::deque<PagePtr> pages_;  // oldest first
  int skips_ = 0;              // left to do without, after a page that nobody could use
  TimerId timer_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace rw::server
