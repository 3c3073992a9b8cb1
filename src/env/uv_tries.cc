#include "env/uv_tries.h"

#include <algorithm>
#include <iterator>

#include "env/uv_words.h"

namespace rw::env {
namespace {
constexpr int64_t kDelayFactors[] = {1, 3};
}  // namespace

bool NextTry(const std::vector<UvTry>& failed, std::string_view words, int64_t retry_delay_ms,
             UvTry* next) {
  if (failed.empty()) {
    *next = UvTry{};
    return true;
  }
  // What the cache lacks says nothing about the network: the first try did.
  bool last_offline = failed.back().offline;
  UvFailure failure = last_offline ? UvFailure::kConnection : Classify(words);
  if (failure != UvFailure::kConnection && failure != UvFailure::kTransient) return false;
  bool tried_offline =
      std::any_of(failed.begin(), failed.end(), [](const UvTry& t) { return t.offline; });
  if (failure == UvFailure::kConnection && !tried_offline) {
    *next = UvTry{true, 0, 0};
    return true;
  }
  size_t online = failed.size() - (tried_offline ? 1 : 0);
  if (online > std::size(kDelayFactors)) return false;
  *next = UvTry{false, kDelayFactors[online - 1] * retry_delay_ms, 1};
  return true;
}

}  // namespace rw::env
