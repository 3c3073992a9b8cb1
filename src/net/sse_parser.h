// Server-sent events from bytes, as they come.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rw::net {

class SseParser {
 public:
  using OnEvent =
      std::function<bool(const std::string& event, const std::string& id, const std::string& data)>;
  static constexpr size_t kMostBytes = 16 << 20;  // of one event
  explicit SseParser(OnEvent on_event) : on_event_(std::move(on_event)) {}
  /// False: on_event wants no more. kTooLarge for an endless event.
  Result<bool> Put(std::string_view bytes);

 private:
  bool TakeLine(std::string_view line);

  OnEvent on_event_;
  std::string line_;  // begun and not ended
  bool after_cr_ = false;
  std::string event_, id_, data_;
  bool has_data_ = false;
};

}  // namespace rw::net
