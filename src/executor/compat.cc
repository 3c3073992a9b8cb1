#include "executor/compat.h"

#include <set>

#include "base/strings.h"

namespace rw::executor {
namespace {

constexpr size_t kMostNotes = 200;
constexpr size_t kMostBytes = 1 << 20;
constexpr size_t kLongest = 2000;

json::Value ToJson(const SourceRule& rule) {
  json::Value out = json::Object{{"prefix", rule.prefix}};
  return rule.mirror.empty() ? out.Set("folder", rule.folder) : out.Set("mirror", rule.mirror);
}

}  // namespace

std::string CompatText(const LaunchPlan& plan) {
  if (plan.shims.empty() && plan.sources.empty()) return "";
  json::Array sources;
  for (const SourceRule& rule : plan.sources) sources.push_back(ToJson(rule));
  json::Value out = json::Object{{"shims", json::Array(plan.shims.begin(), plan.shims.end())}};
  return json::Write(out.Set("sources", std::move(sources)));
}

std::string CompatSite(const LaunchPlan& plan) { return plan.sdk_path + "/runwright/_compat/site"; }

Warnings ReadCompatNotes(os::FileSystem& fs, const RunFolder& folder) {
  Warnings out;
  auto text = os::ReadFile(fs, folder.compat_notes(), kMostBytes);
  if (!text) {
    if (text.error().code() != Code::kNotFound)
      out.push_back({"compat", "what the compatibility shims told cannot be read: " +
                                   text.error().message()});
    return out;
  }
  std::set<std::string> seen;
  size_t left_out = 0;
  for (const std::string& line : Split(*text, '\n')) {
    if (line.empty() || !seen.insert(line).second) continue;
    auto note = json::Parse(line);
    if (!note || note->StringOr("message").empty()) continue;
    if (out.size() == kMostNotes) {
      left_out++;
      continue;
    }
    out.push_back({note->StringOr("source", "compat"),
                   Utf8Lossy(note->StringOr("message").substr(0, kLongest))});
  }
  if (left_out > 0)
    out.push_back({"compat", std::to_string(left_out) + " more notes are in " +
                                 folder.compat_notes() + " on the node"});
  return out;
}

}  // namespace rw::executor
