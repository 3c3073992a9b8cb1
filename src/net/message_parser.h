// Bytes to messages. The only file that sees Beast is message_parser.cc.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/http.h"

namespace rw::net {

/// Parses one message; a connection makes a new one for the next message.
class MessageParser {
 public:
  enum class Kind { kRequest, kResponse };
  static constexpr uint32_t kHeadLimit = 64 << 10;
  MessageParser(Kind kind, uint64_t body_limit);
  ~MessageParser();

  /// Takes what it can of `bytes`, which begin with what the last call left over; bytes of the body
  /// are appended to `body`. Returns how many were taken: fewer than all means that more input is
  /// needed, or that the message is done. kInvalidArgument for malformed input, kTooLarge over a
  /// limit.
  Result<size_t> Put(std::string_view bytes, std::string& body);
  /// The peer sent its last byte. An error unless the message is now whole.
  Status PutEnd();
  /// Before the first Put: the answer to HEAD has no body.
  void ExpectNoBody();

  bool begun() const;
  bool head_done() const;
  bool done() const;
  bool keep_alive() const;
  bool http10() const;
  /// As the head announced it.
  std::optional<uint64_t> content_length() const;
  /// Once the head is done: method, path, query and headers.
  Result<Request> TakeRequestHead();
  Response TakeResponseHead();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rw::net
