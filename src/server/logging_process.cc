#include "server/logging_process.h"

namespace rw::server {

json::Value LoggingProcess::ToJson() const {
  json::Value out = json::Object();
  out.Set("host", host).Set("pid", pid).Set("start_ticks", start_ticks).Set("boot_id", boot_id);
  return out.Set("pid_space", pid_space).Set("folder", folder);
}

std::string LoggingProcess::Words() const { return "pid " + std::to_string(pid) + " on " + host; }

Result<LoggingProcess> ReadLoggingProcess(const json::Value& process) {
  if (!process.is_object())
    return Error(Code::kInvalidArgument, "process must be an object with host and pid", "process");
  LoggingProcess out{.host = process.StringOr("host"),
                     .pid = process.IntOr("pid", 0),
                     .start_ticks = process.IntOr("start_ticks", 0),
                     .boot_id = process.StringOr("boot_id"),
                     .pid_space = process.StringOr("pid_space"),
                     .folder = process.StringOr("folder")};
  if (out.pid <= 0 || out.pid > INT32_MAX)
    return Error(Code::kInvalidArgument, "process.pid must be the id of a process", "process.pid");
  if (out.host.empty() || out.host.size() > 256)
    return Error(Code::kInvalidArgument, "process.host must have 1 to 256 bytes", "process.host");
  for (const std::string* text : {&out.boot_id, &out.pid_space})
    if (text->size() > 256)
      return Error(Code::kInvalidArgument, "process.boot_id and pid_space have at most 256 bytes",
                   "process.boot_id");
  if (out.folder.size() > 4096 || (!out.folder.empty() && out.folder[0] != '/') ||
      out.folder.find('\0') != std::string::npos)
    return Error(Code::kInvalidArgument, "process.folder must be an absolute path",
                 "process.folder");
  return out;
}

}  // namespace rw::server
