#include "server/run_container.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/strings.h"

namespace rw::server {
namespace {

/// What runs decide themselves, and why.
struct Taken {
  std::string_view option;
  std::string_view letter;  // the same in one letter; empty: none
  std::string_view why;
};
constexpr std::array<Taken, 14> kTaken = {{
    {"--name", "", "runs name their containers, so that they can be ended"},
    {"--rm", "", "a run's container is always removed at its end"},
    {"--detach", "-d", "a run lasts as long as its container"},
    {"--entrypoint", "",
     "the run's script is what is started; give its command line as the script"},
    {"--interactive", "-i", "nobody is at a run's terminal"},
    {"--tty", "-t", "nobody is at a run's terminal"},
    {"--init", "", "a first process that hands signals on is always there"},
    {"--pull", "", "images are fetched when the environment is made ready"},
    {"--workdir", "-w", "scripts start in the folder with the run's source files"},
    {"--log-driver", "", "what a script prints goes into the run's log"},
    {"--cidfile", "", "runs keep their containers' names themselves"},
    {"--restart", "", "a run starts its script once"},
    {"--replace", "", "runs name their containers, so that they can be ended"},
    {"--pod", "", "a run's container belongs to no pod"},
}};

Error Bad(std::string message, std::string field) {
  return Error(Code::kInvalidArgument, std::move(message), std::move(field));
}

/// "--name=x" and "--name" are `--name`, "-w/x" is `-w`.
bool IsThat(const std::string& argument, const Taken& taken) {
  if (argument.starts_with("--")) return argument.substr(0, argument.find('=')) == taken.option;
  return !taken.letter.empty() && argument.starts_with(taken.letter);
}

Result<json::Value> Arguments(const json::Value& container) {
  json::Value out = json::Array();
  bool may_be_value = false;  // of the option before it
  size_t index = 0;
  for (const std::string& argument : TRY(json::OptionalStringList(container, "arguments"))) {
    std::string field = "container.arguments[" + std::to_string(index++) + "]";
    if (argument.find('\0') != std::string::npos) return Bad(field + " holds a NUL byte", field);
    bool option = argument.size() > 1 && argument[0] == '-';
    if (argument == "--" || (!option && !may_be_value))
      return Bad("'" + argument +
                     "' would be taken for the image's name: give options of podman or docker run",
                 field);
    for (const Taken& taken : kTaken) {
      if (!option || !IsThat(argument, taken)) continue;
      std::string message = "'" + argument + "' cannot be given: ";
      message += taken.why;
      return Bad(std::move(message), field);
    }
    may_be_value = option && argument.find('=') == std::string::npos;
    out.Append(argument);
  }
  return out;
}

/// "2g", "512m", "67108864": as podman and docker read it.
bool IsSize(const std::string& text) {
  size_t digits = text.find_first_not_of("0123456789");
  if (digits == 0 || text.empty()) return false;
  if (digits == std::string::npos) return true;
  std::string unit = Lower(text.substr(digits));
  constexpr std::array<std::string_view, 7> kUnits = {"b", "k", "m", "g", "kb", "mb", "gb"};
  return std::find(kUnits.begin(), kUnits.end(), unit) != kUnits.end();
}

}  // namespace

Result<json::Value> ReadContainer(const json::Value& body) {
  const json::Value& asked = body["container"];
  if (asked.is_null()) return json::Value();
  if (!asked.is_object())
    return Bad(R"(container must be an object, like {"shm_size": "2g"})", "container");
  for (const auto& [name, value] : asked.as_object()) {
    if (name == "shm_size" || name == "arguments" || name == "gpu") continue;
    return Bad("container." + name + " is not known; shm_size, arguments and gpu are",
               "container." + name);
  }
  json::Value out = json::Object();
  std::string size = TRY(json::OptionalString(asked, "shm_size"));
  if (!size.empty() && !IsSize(size))
    return Bad("container.shm_size must be a number with the unit b, k, m or g, like 2g, not '" +
                   size + "'",
               "container.shm_size");
  if (!size.empty()) out.Set("shm_size", size);
  json::Value arguments = TRY(Arguments(asked));
  if (!arguments.as_array().empty()) out.Set("arguments", std::move(arguments));
  if (!asked["gpu"].is_null() && !asked["gpu"].is_bool())
    return Bad("container.gpu must be true or false", "container.gpu");
  if (asked["gpu"].is_bool()) out.Set("gpu", asked["gpu"]);
  return out.as_object().empty() ? json::Value() : out;
}

}  // namespace rw::server
