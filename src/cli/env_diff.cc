#include "cli/env_diff.h"

#include <map>
#include <set>

#include "base/strings.h"
#include "cli/env_lock.h"

namespace rw::cli {
namespace {

using Versions = std::map<std::string, std::string>;

Versions OfLock(const std::string& lock) {
  Versions out;
  for (const LockedPackage& package : ReadLock(lock)) {
    std::string version = WithoutPasswords(package.version);
    if (package.conda && !package.build.empty()) version += " (" + package.build + ")";
    out[package.name] = version;
  }
  return out;
}

/// What was asked for: "pandas" → ">=1".
Versions OfRequirements(const json::Value& spec) {
  Versions out;
  for (const char* member : {"requirements", "conda_packages"})
    if (spec[member].is_array())
      for (const json::Value& line : spec[member].as_array()) {
        std::string text = WithoutPasswords(line.is_string() ? line.as_string() : "");
        size_t end = text.find_first_of("=<>!~@ ;");
        out[text.substr(0, end)] = end == std::string::npos ? "" : text.substr(end);
      }
  return out;
}

Versions OfVariables(const json::Value& variables) {
  Versions out;
  if (variables.is_object())
    for (const auto& [name, value] : variables.as_object())
      out[name] = value.is_string() ? value.as_string() : json::Write(value);
  return out;
}

json::Value Entry(const std::string& name, const std::string& version) {
  return json::Value().Set("name", name).Set("version", version);
}
json::Value Change(const std::string& name, json::Value from, json::Value to) {
  return json::Value().Set("name", name).Set("from", std::move(from)).Set("to", std::move(to));
}

json::Value Compare(const Versions& a, const Versions& b) {
  json::Array added, removed, changed;
  for (const auto& [name, version] : b)
    if (!a.contains(name)) added.push_back(Entry(name, version));
  for (const auto& [name, version] : a) {
    auto other = b.find(name);
    if (other == b.end())
      removed.push_back(Entry(name, version));
    else if (other->second != version)
      changed.push_back(Change(name, version, other->second));
  }
  json::Value out;
  out.Set("added", std::move(added)).Set("removed", std::move(removed));
  return out.Set("changed", std::move(changed));
}

bool Empty(const json::Value& compared) {
  return compared["added"].as_array().empty() && compared["removed"].as_array().empty() &&
         compared["changed"].as_array().empty();
}

/// Every member of the specs but those that are compared in another way, or say nothing of what is
/// needed.
json::Array Settings(const json::Value& a, const json::Value& b) {
  std::set<std::string> names;
  for (const json::Value* spec : {&a, &b})
    if (spec->is_object())
      for (const auto& [name, value] : spec->as_object()) names.insert(name);
  for (const char* known : {"requirements", "conda_packages", "python", "env_id", "build_id",
                            "name", "version", "environment_variables", "docker", "interpreter"})
    names.erase(known);
  json::Array out;
  for (const std::string& name : names)
    if (!(a[name] == b[name])) out.push_back(Change(name, a[name], b[name]));
  return out;
}

/// A value in one line; texts without quotes.
std::string Shown(const json::Value& value) {
  if (value.is_null()) return "-";
  return WithoutPasswords(value.is_string() ? value.as_string() : json::Write(value));
}

void AddLines(std::string& out, const json::Value& compared, const std::string& prefix,
              const Terminal& terminal) {
  auto line = [&](const char* sign, Color color, const json::Value& entry,
                  const std::string& text) {
    std::string whole = std::string(sign) + " " + prefix;
    whole += entry.StringOr("name");
    if (!text.empty()) whole += (prefix.empty() ? " " : "=") + text;
    out += terminal.Paint(whole, color);
    out += "\n";
  };
  for (const json::Value& one : compared["added"].as_array())
    line("+", Color::kGreen, one, one.StringOr("version"));
  for (const json::Value& one : compared["removed"].as_array())
    line("-", Color::kRed, one, one.StringOr("version"));
  for (const json::Value& one : compared["changed"].as_array())
    line("~", Color::kYellow, one, Shown(one["from"]) + " → " + Shown(one["to"]));
}

}  // namespace

json::Value DiffEnvironments(const EnvSubject& a, const EnvSubject& b) {
  json::Value out;
  out.Set("a", a.title).Set("b", b.title);
  bool same = true;
  if (a.python != b.python) {
    same = false;
    out.Set("python", json::Value().Set("from", a.python).Set("to", b.python));
  }
  bool locks = a.lock && b.lock;
  out.Set("compared", locks ? "locks" : "requirements");
  json::Value packages = locks ? Compare(OfLock(*a.lock), OfLock(*b.lock))
                               : Compare(OfRequirements(a.spec), OfRequirements(b.spec));
  json::Value variables = Compare(OfVariables(a.variables), OfVariables(b.variables));
  json::Array settings = Settings(a.spec, b.spec);
  same = same && Empty(packages) && Empty(variables) && settings.empty();
  out.Set("packages", std::move(packages)).Set("variables", std::move(variables));
  return out.Set("settings", std::move(settings)).Set("same", same);
}

std::string DiffText(const json::Value& diff, const Terminal& terminal) {
  std::string out = "from " + diff.StringOr("a") + "\nto   " + diff.StringOr("b") + "\n";
  if (diff.StringOr("compared") == "requirements")
    out += "(one of them was never resolved: what was asked for is compared)\n";
  if (diff.BoolOr("same", false)) return out + "They are the same.\n";
  const json::Value& python = diff["python"];
  if (python.is_object())
    out += terminal.Paint("~ python " + Shown(python["from"]) + " → " + Shown(python["to"]),
                          Color::kYellow) +
           "\n";
  AddLines(out, diff["packages"], "", terminal);
  AddLines(out, diff["variables"], "$", terminal);
  for (const json::Value& one : diff["settings"].as_array()) {
    out += terminal.Paint(
        "~ " + one.StringOr("name") + ": " + Shown(one["from"]) + " → " + Shown(one["to"]),
        Color::kYellow);
    out += "\n";
  }
  return out;
}

}  // namespace rw::cli
