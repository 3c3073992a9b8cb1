#include "env/uv_words.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>

#include "base/strings.h"
#include "env/requirement.h"

namespace rw::env {
namespace {
constexpr size_t kMostLines = 30;

bool HasAny(std::string_view text, std::initializer_list<std::string_view> needles) {
  return std::any_of(needles.begin(), needles.end(), [&](std::string_view needle) {
    return text.find(needle) != std::string_view::npos;
  });
}

bool IsNameChar(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
}

/// "Failed to build `six==1.0`" → "six==1.0`…".
std::string_view QuotedFrom(std::string_view text) {
  for (std::string_view lead : {"Failed to build `", "Failed to download `", "Failed to fetch `",
                                "Failed to download and build `"}) {
    size_t pos = text.find(lead);
    if (pos == std::string_view::npos) continue;
    return text.substr(pos + lead.size());
  }
  return {};
}

/// From the last line that begins with "error" on, at most kMostLines of them.
std::vector<std::string> LastWords(std::string_view words) {
  std::vector<std::string> lines = Split(Trim(words), '\n');
  size_t start = 0;
  for (size_t i = 0; i < lines.size(); i++)
    if (lines[i].starts_with("error") || lines[i].find("× ") != std::string::npos) start = i;
  lines.erase(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(start));
  if (lines.size() > kMostLines) {
    lines.erase(lines.begin() + 1, lines.end() - static_cast<std::ptrdiff_t>(kMostLines - 1));
    lines[0] += " …";
  }
  return lines;
}

Code CodeOf(UvFailure failure) {
  switch (failure) {
    case UvFailure::kConnection:
    case UvFailure::kTransient:
      return Code::kUnavailable;
    case UvFailure::kNoSpace:
      return Code::kNoSpace;
    case UvFailure::kOther:
      return Code::kInvalidArgument;
  }
  return Code::kInternal;
}

std::string_view NextStep(UvFailure failure) {
  switch (failure) {
    case UvFailure::kConnection:
    case UvFailure::kTransient:
      return "Check the server's network, proxy and package index (pip.conf, PIP_INDEX_URL), then "
             "submit again.";
    case UvFailure::kNoSpace:
      return "Free space in the server's data folder and uv's cache, then submit again.";
    case UvFailure::kOther:
      break;  // the words say it
  }
  return "";
}
}  // namespace

bool Mentions(std::string_view text, std::string_view name) {
  for (size_t pos = 0; (pos = text.find(name, pos)) != std::string_view::npos; pos++) {
    size_t end = pos + name.size();
    bool before = pos == 0 || !IsNameChar(text[pos - 1]);
    if (before && (end == text.size() || !IsNameChar(text[end]))) return true;
  }
  return false;
}

std::string BlamedPackage(std::string_view words) {
  std::string_view quoted = QuotedFrom(words);
  size_t end = 0;
  while (end < quoted.size() && IsNameChar(quoted[end])) end++;
  return CanonicalName(quoted.substr(0, end));
}

std::string BlamedVersion(std::string_view words) {
  std::string_view quoted = QuotedFrom(words);
  quoted = quoted.substr(0, quoted.find('`'));
  size_t pin = quoted.find("==");
  return pin == std::string_view::npos ? std::string() : std::string(quoted.substr(pin + 2));
}

UvFailure Classify(std::string_view words) {
  if (HasAny(words, {"No space left on device", "os error 28", "Disk quota exceeded"}))
    return UvFailure::kNoSpace;
  if (HasAny(words,
             {"dns error", "client error (Connect)", "tcp connect error", "Connection refused",
              "Failed to connect to", "Could not resolve host", "Network is unreachable",
              "No route to host", "tunnel error", "network was disabled",
              "network connectivity is disabled", "Network connectivity is disabled"}))
    return UvFailure::kConnection;
  if (HasAny(words,
             {"error sending request", "operation timed out", "Connection reset",
              "connection closed", "error decoding response body", "request or response body",
              "HTTP status server error", "429 Too Many", "Request failed after",
              "Failed to download distribution due to network timeout"}))
    return UvFailure::kTransient;
  return UvFailure::kOther;
}

std::string AmountText(uint64_t done, uint64_t total) {
  constexpr std::pair<const char*, double> kUnits[] = {{" GB", 1e9}, {" MB", 1e6}, {" kB", 1e3}};
  for (auto [unit, factor] : kUnits) {
    if (static_cast<double>(total) < factor) continue;
    double whole = static_cast<double>(total) / factor;
    char text[64];
    snprintf(text, sizeof text, whole < 10 ? "%.1f/%.1f" : "%.0f/%.0f",
             static_cast<double>(done) / factor, whole);
    return std::string(text) + unit;
  }
  return std::to_string(done) + "/" + std::to_string(total) + " B";
}

std::string UvSteps::Downloading() const {
  if (downloading_.empty()) return "installing packages";
  constexpr size_t kNamed = 3;
  std::vector<const std::pair<const std::string, Fetched>*> largest;
  largest.reserve(downloading_.size());
  for (const auto& one : downloading_) largest.push_back(&one);
  std::stable_sort(largest.begin(), largest.end(), [](const auto* one, const auto* other) {
    return one->second.total > other->second.total;
  });
  std::vector<std::string> named;
  for (const auto* one : largest) {
    if (named.size() == kNamed) break;
    named.push_back(one->second.text.empty() ? one->first : one->first + " " + one->second.text);
  }
  std::string out = "downloading " + Join(named, ", ");
  if (largest.size() > kNamed) out += " and " + std::to_string(largest.size() - kNamed) + " more";
  return out;
}

std::string UvSteps::Fetching(const std::vector<Download>& downloads) {
  downloading_.clear();
  for (const Download& one : downloads)
    downloading_[one.name] = {one.total, AmountText(one.done, one.total)};
  return Downloading();
}

std::string UvSteps::After(std::string_view line) {
  std::vector<std::string> words = Split(Trim(line), ' ');
  if (words.size() < 2) return "";
  if (words[0] == "Downloading") {
    std::string size = words.size() > 2 ? words[2] : "";
    std::string_view inside = size;
    if (inside.starts_with('(')) inside = inside.substr(1, inside.find(')') - 1);
    downloading_.try_emplace(words[1], Fetched{ParseSize(inside), size});
    return Downloading();
  }
  if (words[0] == "Downloaded") {
    downloading_.erase(words[1]);
    return Downloading();
  }
  if (words[0] == "Building") return "building " + words[1];
  if (words[0] == "Built") return Downloading();
  if (words.size() < 3 || !words[2].starts_with("package")) return "";
  if (words[0] == "Resolved") return "resolved " + words[1] + " " + words[2];
  if (words[0] == "Prepared") return "installing " + words[1] + " " + words[2];
  if (words[0] == "Installed") return "publishing " + words[1] + " " + words[2];
  return "";
}

std::string CauseOf(std::string_view words) {
  std::vector<std::string> lines = Split(Trim(words), '\n');
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    std::string_view text = Trim(*line);
    for (std::string_view lead : {"cause: ", "Caused by: ", "error: "})
      if (text.starts_with(lead)) return std::string(text.substr(lead.size()));
  }
  return lines.empty() ? "" : lines.back();
}

Error UvError(std::string_view what, std::string_view words,
              const std::vector<std::string>& names) {
  UvFailure failure = Classify(words);
  std::vector<std::string> last = LastWords(words);
  std::string said = Join(last, "\n");
  std::vector<std::string> blamed;
  if (failure == UvFailure::kOther) {
    std::string quoted = BlamedPackage(said);
    if (!quoted.empty()) blamed = {quoted};
    for (const std::string& name : names)
      if (quoted.empty() && Mentions(said, name)) blamed.push_back(name);
  }
  std::string message = "cannot " + std::string(what) + " ";
  if (blamed.empty()) {
    message += "the requirements";
  } else {
    message += Join(blamed, ", ");
  }
  message += ": " + CauseOf(said);
  if (last.size() > 2) message += "\n" + said;  // more than the cause and the line above it
  if (failure != UvFailure::kOther) message += "\n" + std::string(NextStep(failure));
  return Error(CodeOf(failure), std::move(message), "environment.requirements");
}

}  // namespace rw::env
