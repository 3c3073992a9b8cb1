// A build that finds no room on its disk fails no run: it is tried again until there is some.
#include <algorithm>

#include "base/log.h"
#include "os/paths.h"
#include "server/environment_service.h"

namespace rw::server {
namespace {

constexpr int64_t kFirstPauseUs = int64_t{5} * 1'000'000;
constexpr int64_t kLongestPauseUs = int64_t{60} * 1'000'000;

/// The file that uv names ("failed to write `/x/y`: No space …"), else "".
std::string NamedPath(const std::string& words) {
  size_t from = words.find("`/");
  size_t to = from == std::string::npos ? from : words.find('`', from + 1);
  return to == std::string::npos ? "" : words.substr(from + 1, to - from - 1);
}

}  // namespace

void EnvironmentService::WaitForRoom(const TaskPtr& task, const Error& error) {
  std::string path = NamedPath(error.message());
  if (path.empty()) path = os::DirName(installer_.BuildFolder("any"));
  std::string text = "disk of " + path + " full";
  if (context_.options.free_bytes)
    text += ", " + std::to_string(context_.options.free_bytes(path)) + " bytes free";
  text += ": free space; it goes on by itself";
  LOG_WARN("env.no_room", {"env", task->row.env_id}, {"error", error.message()});
  if (task->waits_for.empty()) Log(task, "Waiting: " + text + "\n");
  Tell(task, text);
  task->pause_us =
      task->pause_us == 0 ? kFirstPauseUs : std::min(task->pause_us * 2, kLongestPauseUs);
  context_.loop.After("env.look_for_room", std::chrono::microseconds(task->pause_us),
                      [this, task, alive = std::weak_ptr<bool>(alive_)] {
                        if (alive.expired()) return;
                        if (task->waiters.empty()) return (void)tasks_.erase(task->row.env_id);
                        task->row.lock ? Locked(task) : Begin(task);
                      });
}

void EnvironmentService::Tell(const TaskPtr& task, const std::string& waits_for) {
  task->waits_for = waits_for;
  Publish(task);
}

void EnvironmentService::Step(const TaskPtr& task, std::string_view words) {
  if (task->step == words) return;
  task->step = words;
  Publish(task);
}

void EnvironmentService::Publish(const TaskPtr& task) {
  for (const Waiter& waiter : task->waiters)
    context_.events.Publish(waiter.run.str(), {RunEvent::Kind::kStatus, ""});
  TellFollowers(task);
}

void EnvironmentService::TellFollowers(const TaskPtr& task) {
  task->news++;
  context_.events.Publish(task->row.env_id, {RunEvent::Kind::kStatus, ""});
}

std::string EnvironmentService::WaitsFor(const RunId& run) const {
  for (const auto& [env_id, task] : tasks_)
    for (const Waiter& waiter : task->waiters)
      if (waiter.run == run) return task->waits_for.empty() ? task->step : task->waits_for;
  return "";
}

}  // namespace rw::server
