#include "executor/launch_file.h"

namespace rw::executor {

namespace {

bool IsNamePart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// The name that begins at `at` (behind a `$`), with its braces; empty where there is none.
std::string_view Reference(std::string_view text, size_t at) {
  if (at < text.size() && text[at] == '{') {
    size_t end = text.find('}', at);
    return end == std::string_view::npos ? "" : text.substr(at, end + 1 - at);
  }
  size_t end = at;
  while (end < text.size() && IsNamePart(text[end])) end++;
  return text.substr(at, end - at);
}

std::string_view WithoutBraces(std::string_view reference) {
  return reference.starts_with('{') ? reference.substr(1, reference.size() - 2) : reference;
}

}  // namespace

std::string ExpandVariables(std::string_view text, const EnvironmentMap& variables) {
  std::string out;
  size_t copied = 0;
  for (size_t at = text.find('$'); at != std::string_view::npos; at = text.find('$', at + 1)) {
    std::string_view reference = Reference(text, at + 1);
    auto found = variables.find(std::string(WithoutBraces(reference)));
    if (reference.empty() || found == variables.end()) continue;
    out += text.substr(copied, at - copied);
    out += found->second;
    copied = at + 1 + reference.size();
    at = copied - 1;
  }
  return out += text.substr(copied);
}

std::vector<std::string> CommandLine(const LaunchPlan& plan, const EnvironmentMap& variables) {
  std::vector<std::string> out;
  if (!plan.command.empty()) {
    out = {"/bin/sh", "-c", plan.command, "sh"};
    out.insert(out.end(), plan.arguments.begin(), plan.arguments.end());
    return out;
  }
  out = {plan.interpreter.empty() ? "python3" : plan.interpreter};
  if (plan.script.ends_with(".ipynb")) out.insert(out.end(), {"-m", "runwright.notebook"});
  out.push_back(plan.script);
  for (const std::string& argument : plan.arguments)
    out.push_back(ExpandVariables(argument, variables));
  return out;
}

Result<std::string> EncodeLaunch(const std::string& working_folder, const std::string& log,
                                 const std::vector<std::string>& arguments,
                                 const EnvironmentMap& environment) {
  std::string out = "cwd=" + working_folder + '\0' + "out=" + log + '\0';
  for (const std::string& argument : arguments) {
    if (argument.find('\0') != std::string::npos)
      return Error(Code::kInvalidArgument, "an argument holds a NUL byte", "arguments");
    out += "arg=" + argument + '\0';
  }
  for (const auto& [name, value] : environment) out += "env=" + name + "=" + value + '\0';
  return out;
}

}  // namespace rw::executor
