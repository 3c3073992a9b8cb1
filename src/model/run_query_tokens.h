// Private to the parser of run filters: words of the text with their places.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rw::model {

struct QueryToken {
  enum class Kind { kWord, kQuoted, kOperator, kEnd };
  Kind kind = Kind::kEnd;
  std::string text;  // of kQuoted without quotes and escapes
  size_t at = 0;     // of its first byte
};

/// Words are letters, digits and any of _.-+/@:% (so that metrics.val/acc and 1e-3 are one word);
/// a quoted part directly after a word's last dot belongs to it: metrics."val acc" is the word
/// `metrics.` and the quoted `val acc`.
Result<std::vector<QueryToken>> SplitQuery(std::string_view text, std::string_view field);

/// "filter: <what> at character 7".
Error QueryError(std::string_view field, std::string_view what, const QueryToken& at);

}  // namespace rw::model
