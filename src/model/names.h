// Names that users give, checked where they enter.
#pragma once

#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"

namespace rw::model {

/// 3 to 36 characters of letters, digits, '_' and '-', the first one a letter or digit.
Status CheckExperimentName(std::string_view name);
/// 2 to 32 characters of the same.
Status CheckWorkspaceName(std::string_view name);
/// 2 to 16 letters, digits and '-', the first one a letter, the last one no '-'.
Status CheckComputeName(std::string_view name);
/// 1 to 128 letters, digits, '_' and '-', the first one a letter or digit: it names a folder and is
/// part of URLs.
Status CheckRunId(std::string_view id);
/// 1 to 127 letters, digits and '-'.
Status CheckSecretName(std::string_view name);
/// A name that a process environment can hold: letters, digits and '_', no digit first.
Status CheckVariableName(std::string_view name);

/// `experiment_unixseconds_8hex`.
std::string MintRunId(std::string_view experiment, int64_t now_us, Random& random);

}  // namespace rw::model
