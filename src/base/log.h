// Structured logs: one JSON object a line on stderr (or a file), written by one write().
// LOG_INFO("run.started", {"run", id}, {"pid", pid}). Values are never secrets: tokens have no
// overload and requests are logged without their headers.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

namespace rw::log {

enum class Level { kDebug, kInfo, kWarning, kError };

struct Field {
  template <class T>
  Field(std::string_view k, const T& v) : key(k) {  // NOLINT(google-explicit-constructor)
    if constexpr (std::is_same_v<T, bool>) {
      text = v ? "true" : "false";
      quoted = false;
    } else if constexpr (std::is_arithmetic_v<T>) {
      text = std::to_string(v);
      quoted = false;
    } else {
      text = std::string(v);
    }
  }
  std::string_view key;
  std::string text;
  bool quoted = true;
};

/// Least level that is written; kInfo at start.
void SetLevel(Level level);
/// Where lines go; stderr (2) at start.
void SetFd(int fd);
void Write(Level level, std::string_view event, std::initializer_list<Field> fields);

}  // namespace rw::log

#define LOG_DEBUG(event, ...) ::rw::log::Write(::rw::log::Level::kDebug, event, {__VA_ARGS__})
#define LOG_INFO(event, ...) ::rw::log::Write(::rw::log::Level::kInfo, event, {__VA_ARGS__})
#define LOG_WARN(event, ...) ::rw::log::Write(::rw::log::Level::kWarning, event, {__VA_ARGS__})
#define LOG_ERROR(event, ...) ::rw::log::Write(::rw::log::Level::kError, event, {__VA_ARGS__})
