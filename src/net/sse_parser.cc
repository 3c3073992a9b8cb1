#include "net/sse_parser.h"

namespace rw::net {

Result<bool> SseParser::Put(std::string_view bytes) {
  while (!bytes.empty()) {
    if (after_cr_ && bytes[0] == '\n') bytes.remove_prefix(1);
    after_cr_ = false;
    size_t end = bytes.find_first_of("\r\n");
    line_.append(bytes.substr(0, end));
    if (line_.size() + data_.size() > kMostBytes)
      return Error(Code::kTooLarge, "a server-sent event is over 16 MiB");
    if (end == std::string_view::npos) return true;
    after_cr_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    std::string line = std::move(line_);
    line_.clear();
    if (!TakeLine(line)) return false;
  }
  return true;
}

bool SseParser::TakeLine(std::string_view line) {
  if (line.empty()) {
    std::string event = event_.empty() ? "message" : std::move(event_);
    std::string data = std::move(data_);
    event_.clear();
    data_.clear();
    if (!has_data_) return true;
    has_data_ = false;
    return on_event_(event, id_, data);
  }
  size_t colon = line.find(':');
  if (colon == 0) return true;  // a comment, e.g. a ping
  std::string_view name = line.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "event") event_ = value;
  if (name == "id") id_ = value;
  if (name == "data") {
    if (has_data_) data_ += '\n';
    data_ += value;
    has_data_ = true;
  }
  return true;
}

}  // namespace rw::net
