#include "server/run_readahead.h"

#include "server/run_list.h"

namespace rw::server {
namespace {
/// Who asks for so many at once will ask for the rest.
constexpr int64_t kWantsAll = 1000;
constexpr size_t kMostPages = 4;
constexpr size_t kMostBytes = 4 << 20;
constexpr int kSkipsAfterWaste = 16;
constexpr std::chrono::seconds kKept(5);

std::string KeyOf(const std::string& list, const meta::RunSearch& search) {
  return list + '\n' + CursorOf(search, *search.after);
}
}  // namespace

struct RunReadahead::Page {
  std::string key;
  std::string list;
  meta::RunSearch search;
  std::optional<int64_t> version;
  std::optional<Result<meta::RunPage>> result;
  Done waiter;
};

RunReadahead::RunReadahead(Loop& loop, Version version, Search search)
    : loop_(loop), version_(std::move(version)), search_(std::move(search)) {}

RunReadahead::~RunReadahead() {
  if (timer_ != 0) loop_.Cancel(timer_);
}

void RunReadahead::Read(std::string list, meta::RunSearch search, Done done) {
  PagePtr page = version_ && search.after ? Take(KeyOf(list, search)) : nullptr;
  if (page == nullptr) return Now(std::move(list), std::move(search), std::move(done));
  if (!page->result) {
    page->waiter = std::move(done);
    return;
  }
  if (*page->result) Begin(page->list, std::move(page->search), **page->result);
  loop_.Post("runs.read_ahead", [page, done = std::move(done)] { done(std::move(*page->result)); });
}

/// The page of `key` if it is still true.
RunReadahead::PagePtr RunReadahead::Take(const std::string& key) {
  for (auto at = pages_.begin(); at != pages_.end(); ++at) {
    if ((*at)->key != key) continue;
    PagePtr page = *at;
    pages_.erase(at);
    if (page->version && page->version == version_()) return page;
    skips_ = kSkipsAfterWaste;
    return nullptr;
  }
  return nullptr;
}

void RunReadahead::Now(std::string list, meta::RunSearch search, Done done) {
  auto kept = std::make_shared<meta::RunSearch>(search);
  search_(std::move(search), [this, alive = std::weak_ptr<bool>(alive_), list = std::move(list),
                              kept, done = std::move(done)](Result<meta::RunPage> page) {
    if (alive.expired()) return;
    if (page && (kept->after || kept->limit >= kWantsAll)) Begin(list, std::move(*kept), *page);
    done(std::move(page));
  });
}

void RunReadahead::Begin(const std::string& list, meta::RunSearch search,
                         const meta::RunPage& before) {
  if (!version_ || !before.next || before.text.size() > kMostBytes) return;
  if (skips_ > 0) {
    skips_--;
    return;
  }
  search.after = before.next;
  auto page = std::make_shared<Page>();
  page->key = KeyOf(list, search);
  page->list = list;
  page->search = search;
  page->version = version_();
  if (pages_.size() == kMostPages) pages_.pop_front();
  pages_.push_back(page);
  DropLater();
  search_(std::move(search),
          [this, page, alive = std::weak_ptr<bool>(alive_)](Result<meta::RunPage> result) {
            if (!alive.expired()) Arrived(page, std::move(result));
          });
}

void RunReadahead::Arrived(const PagePtr& page, Result<meta::RunPage> result) {
  if (!page->waiter) {
    page->result = std::move(result);
    return;
  }
  if (result) Begin(page->list, std::move(page->search), *result);
  page->waiter(std::move(result));
}

/// A client that went away leaves no page behind.
void RunReadahead::DropLater() {
  if (timer_ != 0) loop_.Cancel(timer_);
  timer_ = loop_.After("runs.read_ahead.drop", kKept, [this] {
    timer_ = 0;
    pages_.clear();
  });
}

}  // namespace rw::server
