#include "executor/launch_file.h"

namespace rw::executor {

std::vector<std::string> CommandLine(const LaunchPlan& plan) {
  std::vector<std::string> out;
  if (!plan.command.empty()) {
    out = {"/bin/sh", "-c", plan.command, "sh"};
  } else {
    out = {plan.interpreter.empty() ? "python3" : plan.interpreter};
    if (plan.script.ends_with(".ipynb")) out.insert(out.end(), {"-m", "runwright.notebook"});
    out.push_back(plan.script);
  }
  out.insert(out.end(), plan.arguments.begin(), plan.arguments.end());
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
