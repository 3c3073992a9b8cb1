#include "executor/container_launch.h"

#include <algorithm>

#include "base/strings.h"
#include "executor/launch_file.h"
#include "os/bind_mount.h"

namespace rw::executor {
namespace {
constexpr char kGuardInside[] = "/run/runwright-guard";
constexpr char kDefaultShm[] = "2g";
constexpr size_t kLongestName = 200;

bool IsNameChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.';
}

/// Does one of `arguments` say `option` ("--user", "-u")?
bool Says(const std::vector<std::string>& arguments, std::string_view option,
          std::string_view letter = "") {
  return std::any_of(arguments.begin(), arguments.end(), [&](const std::string& argument) {
    return argument == option || argument.starts_with(std::string(option) + "=") ||
           (!letter.empty() && argument.starts_with(letter) && !argument.starts_with("--"));
  });
}

void AddDefaults(const LaunchPlan& plan, std::vector<std::string>& out) {
  const std::vector<std::string>& own = plan.container.arguments;
  if (!Says(own, "--network") && !Says(own, "--net")) out.emplace_back("--network=host");
  // Host names and addresses agree with the host's network.
  if (!Says(own, "--uts") && !Says(own, "--hostname", "-h")) out.emplace_back("--uts=host");
  if (!Says(own, "--user", "-u") && !plan.image.user.empty())
    out.push_back("--user=" + plan.image.user);
  if (!Says(own, "--pids-limit")) out.emplace_back("--pids-limit=-1");
  if (!Says(own, "--shm-size") && !Says(own, "--ipc"))
    out.push_back("--shm-size=" +
                  (plan.container.shm_size.empty() ? kDefaultShm : plan.container.shm_size));
  if (plan.container.gpu.value_or(true))
    out.insert(out.end(), plan.image.gpu_arguments.begin(), plan.image.gpu_arguments.end());
}

void AddMounts(const RunFolder& folder, const LaunchPlan& plan, const ContainerMounts& mounts,
               std::vector<std::string>& out) {
  out.push_back(os::BindMountOption(folder.root, folder.root, false));
  out.push_back(os::BindMountOption(plan.image.guard, kGuardInside, true));
  for (const std::string& path : mounts.read_only) out.push_back(os::BindMountOption(path, path, true));
  for (const std::string& path : mounts.writable) out.push_back(os::BindMountOption(path, path, false));
}

void Append(std::string& out, std::string_view key, std::string_view value) {
  out.append(key).append(value).push_back('\0');
}

/// The engine's own words: the last line of the log that begins like an error, else the last.
std::string LastWords(const std::string& log_tail) {
  std::vector<std::string> lines = Split(Trim(log_tail), '\n');
  for (auto line = lines.rbegin(); line != lines.rend(); ++line)
    if (line->starts_with("Error") || line->starts_with("docker: ")) return *line;
  return lines.empty() ? "" : lines.back();
}

bool Has(const std::string& text, std::initializer_list<std::string_view> needles) {
  std::string low = Lower(text);
  return std::any_of(needles.begin(), needles.end(), [&](std::string_view needle) {
    return low.find(needle) != std::string::npos;
  });
}

std::string NextStep(const std::string& words, const LaunchPlan& plan) {
  if (Has(words, {"unknown flag", "unknown shorthand", "invalid argument", "invalid reference",
                  "flag needs an argument"}))
    return "Correct the container's arguments: " + Join(plan.container.arguments, " ");
  if (Has(words, {"image not known", "no such image", "unable to find image"}))
    return "The image was removed from this machine after it was made ready. Submit the run again: "
           "it is fetched or built anew.";
  if (Has(words, {"no space left"})) return "Free space in the engine's storage and submit again.";
  if (Has(words, {"cannot connect to", "permission denied while trying to connect"}))
    return "Start the engine's service, or let this user reach it, and submit again.";
  return "Try the same by hand with " + plan.image.engine +
         " run; the container's own arguments may be at fault.";
}
}  // namespace

std::string ContainerName(const Grant& grant) {
  std::string name = "runwright-" + grant.run.StringOr("run_id");
  for (char& c : name)
    if (!IsNameChar(c)) c = '-';
  if (name.size() > kLongestName) name.resize(kLongestName);
  return name + "-" + std::to_string(grant.attempt);
}

ContainerMounts MountsOf(const LaunchPlan& plan, os::FileSystem& fs) {
  ContainerMounts out;
  auto add = [&fs](std::vector<std::string>& list, const std::string& path) {
    bool known = std::find(list.begin(), list.end(), path) != list.end();
    if (path.starts_with('/') && !known && os::Exists(fs, path)) list.push_back(path);
  };
  add(out.read_only, plan.sdk_path);
  for (const SourceRule& rule : plan.sources) add(out.read_only, rule.folder);
  add(out.writable, plan.data_cache);
  return out;
}

std::vector<std::string> ContainerCommand(const Grant& grant, const RunFolder& folder,
                                          const ContainerMounts& mounts) {
  const LaunchPlan& plan = grant.plan;
  std::vector<std::string> out = {
      plan.image.engine, "run", "--rm", "--name=" + ContainerName(grant),
      "--label=runwright.run=" + grant.run.StringOr("run_id"),
      "--label=runwright.folder=" + folder.root,
      // The script writes into the log's file itself.
      "--log-driver=none", "--pull=never", "--workdir=/", "--security-opt=label=disable",
      std::string("--entrypoint=") + kGuardInside};
  AddDefaults(plan, out);
  AddMounts(folder, plan, mounts, out);
  out.insert(out.end(), plan.container.arguments.begin(), plan.container.arguments.end());
  out.push_back(plan.image.id);
  out.push_back(folder.Path("state"));
  return out;
}

std::vector<std::string> RemoveCommand(const Grant& grant) {
  return {grant.plan.image.engine, "rm", "--force", ContainerName(grant)};
}

EnvironmentMap EngineEnvironment(const LaunchPlan& plan, const EnvironmentMap& base) {
  EnvironmentMap out;
  for (const char* name : {"PATH", "HOME", "USER", "LOGNAME", "LANG", "TMPDIR"})
    if (base.count(name) != 0) out[name] = base.at(name);
  out.try_emplace("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  for (const auto& [name, value] : plan.image.variables) out[name] = value;
  return out;
}

Result<std::string> EncodeInside(const std::string& working_folder, const std::string& log,
                                 const RunFolder& folder, const LaunchPlan& plan,
                                 const EnvironmentMap& variables) {
  EnvironmentMap rest = variables;
  EnvironmentMap front;
  for (const char* name : {"PATH", "PYTHONPATH"})
    if (auto found = rest.extract(name); !found.empty()) front.insert(std::move(found));
  std::string out = TRY(EncodeLaunch(working_folder, log, CommandLine(plan, variables), rest));
  for (const auto& [name, value] : front)
    if (!value.empty()) Append(out, "front=", name + "=" + value);
  // An engine gives an account that the image does not know "/" for a home, or none.
  Append(out, "default=", "HOME=" + folder.tmp());
  Append(out, "default=", "LANG=C.UTF-8");
  return out;
}

std::optional<InsideEnd> ReadInsideEnd(os::FileSystem& fs, const RunFolder& folder) {
  auto text = os::ReadFile(fs, folder.ended(), 4096);
  if (!text) return std::nullopt;
  std::string_view line = Trim(*text);
  std::vector<std::string> words = Split(line, ' ');
  if (words.size() < 6) return std::nullopt;
  InsideEnd out;
  out.outcome.kind = words[0] == "code"     ? Outcome::Kind::kCode
                     : words[0] == "signal" ? Outcome::Kind::kSignal
                                            : Outcome::Kind::kExecFailed;
  out.outcome.number = static_cast<int>(ParseInt(words[1]).value_or(0));
  out.group_oom = ParseInt(words[3]).value_or(-1);
  out.peak_bytes = ParseInt(words[5]).value_or(0);
  size_t path = line.find(" path ");
  if (path != std::string_view::npos) out.exec_path = std::string(line.substr(path + 6));
  return out;
}

json::Value DescribeEngineFailure(int code, const std::string& log_tail, const LaunchPlan& plan) {
  std::string words = LastWords(log_tail);
  std::string message = "The container could not be started: ";
  message +=
      words.empty() ? plan.image.engine + " ended with exit code " + std::to_string(code) : words;
  bool asked = Has(words, {"unknown flag", "unknown shorthand", "invalid argument"});
  json::Value out = json::Object();
  out.Set("code", asked ? "UserError" : "SystemError").Set("message", message);
  return out.Set("next_step", NextStep(words, plan));
}

}  // namespace rw::executor
