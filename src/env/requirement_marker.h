// Environment markers of requirements: `; python_version < "3.8"`.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace rw::env {

/// Tokens checked and put in one spelling: double quotes where the text holds none, no whitespace
/// around comparisons, one space between words. The grammar itself is the resolver's to judge.
Result<std::string> CanonicalMarker(std::string_view marker);

}  // namespace rw::env
