#include "model/names.h"

#include <cstdint>

namespace rw::model {
namespace {

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool OnlyFrom(std::string_view name, std::string_view marks) {
  for (char c : name) {
    if (!IsLetter(c) && !IsDigit(c) && marks.find(c) == std::string_view::npos) return false;
  }
  return true;
}

Error Bad(std::string_view what, std::string_view name, std::string_view rule,
          std::string_view field) {
  return Error(Code::kInvalidArgument,
               std::string(what) + " '" + std::string(name.substr(0, 200)) +
                   "' is not allowed: " + std::string(rule),
               std::string(field));
}

bool Fits(std::string_view name, size_t least, size_t most) {
  return name.size() >= least && name.size() <= most;
}

}  // namespace

Status CheckExperimentName(std::string_view name) {
  if (Fits(name, 3, 36) && OnlyFrom(name, "_-") && (IsLetter(name[0]) || IsDigit(name[0])))
    return Ok();
  return Bad(
      "experiment name", name,
      "use 3 to 36 letters, digits, underscores and dashes, beginning with a letter or digit",
      "experiment");
}

Status CheckWorkspaceName(std::string_view name) {
  if (Fits(name, 2, 32) && OnlyFrom(name, "_-") && (IsLetter(name[0]) || IsDigit(name[0])))
    return Ok();
  return Bad(
      "workspace name", name,
      "use 2 to 32 letters, digits, underscores and dashes, beginning with a letter or digit",
      "name");
}

Status CheckComputeName(std::string_view name) {
  if (Fits(name, 2, 16) && OnlyFrom(name, "-") && IsLetter(name[0]) && name.back() != '-')
    return Ok();
  return Bad(
      "compute name", name,
      "use 2 to 16 letters, digits and dashes, beginning with a letter and not ending with a dash",
      "name");
}

Status CheckRunId(std::string_view id) {
  if (Fits(id, 1, 128) && OnlyFrom(id, "_-") && (IsLetter(id[0]) || IsDigit(id[0]))) return Ok();
  return Bad(
      "run id", id,
      "use 1 to 128 letters, digits, underscores and dashes, beginning with a letter or digit",
      "run_id");
}

Status CheckSecretName(std::string_view name) {
  if (Fits(name, 1, 127) && OnlyFrom(name, "-")) return Ok();
  return Bad("secret name", name, "use 1 to 127 letters, digits and dashes", "name");
}

Status CheckVariableName(std::string_view name) {
  if (!name.empty() && OnlyFrom(name, "_") && !IsDigit(name[0])) return Ok();
  return Bad("environment variable", name, "use letters, digits and underscores, no digit first",
             "environment_variables");
}

std::string MintRunId(std::string_view experiment, int64_t now_us, Random& random) {
  return std::string(experiment) + "_" + std::to_string(now_us / 1000000) + "_" + random.Hex(4);
}

}  // namespace rw::model
