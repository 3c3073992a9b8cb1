// HTTP messages and the two ways they travel: a Handler serves them, a Transport sends them.
// Handlers and callers of Transport see whole messages, so the simulator can carry them without
// sockets.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/value.h"

namespace rw::net {

/// Names compare without case; a repeated field is joined by ", ".
struct NoCaseLess {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const;
};
using Headers = std::map<std::string, std::string, NoCaseLess>;

/// A range of a file that stands in for a large body. With `owned` the file is removed with the
/// last copy.
class FileBody {
 public:
  FileBody(std::string path, uint64_t offset, uint64_t size, bool owned = false);
  ~FileBody();
  FileBody(const FileBody&) = delete;
  FileBody& operator=(const FileBody&) = delete;
  const std::string& path() const { return path_; }
  uint64_t offset() const { return offset_; }
  uint64_t size() const { return size_; }
  /// The file was renamed away; nothing to remove any more.
  void Disown() { owned_ = false; }

 private:
  std::string path_;
  uint64_t offset_;
  uint64_t size_;
  bool owned_;
};

/// Bytes in memory, or a file.
struct Body {
  std::string bytes;
  std::shared_ptr<FileBody> file;
  uint64_t size() const { return file ? file->size() : bytes.size(); }
};

struct Request {
  std::string method;  // "GET"
  std::string path;    // decoded per segment only by Segments(); starts with '/'
  std::vector<std::pair<std::string, std::string>> query;  // decoded
  Headers headers;
  Body body;         // over the server's inline limit: spooled to an owned file
  std::string peer;  // for logs

  /// Path segments, percent-decoded: "/api/v1/runs/a%2Fb" → {"api", "v1", "runs", "a/b"}.
  Result<std::vector<std::string>> Segments() const;
  std::optional<std::string> Query(std::string_view name) const;
  std::vector<std::string> QueryAll(std::string_view name) const;
  std::string Header(std::string_view name) const;  // "" where absent
  /// Target with query, percent-encoded, for the wire.
  std::string Target() const;
  /// Sets path and query from a wire target.
  Status SetTarget(std::string_view target);
};

struct Response {
  int status = 200;
  Headers headers;
  Body body;
};

Response JsonResponse(const json::Value& value, int status = 200);
/// {"error": {"code", "message", "field"?}} with the code's HTTP status.
Response ErrorResponse(const Error& error);
/// The Error in a response of status >= 400, with its code, message and field.
Error ErrorOf(const Response& response);

/// The open end of a streamed response (server-sent events, live files). From the loop's thread.
class StreamSink {
 public:
  virtual ~StreamSink() = default;
  /// False when the peer is gone or more than the bound (1 MiB) waits unsent: the stream is then
  /// closed and the follower comes back with its offset.
  virtual bool Write(std::string bytes) = 0;
  virtual void Close() = 0;
  /// Called once on the loop when the peer goes away.
  virtual void OnClosed(std::function<void()> callback) = 0;
  /// Bytes written and not yet taken by the network. Who has much to send stops at a quarter of the
  /// bound and goes on in OnDrained. A sink without a network (the simulator's) never has any.
  virtual uint64_t pending() const { return 0; }
  /// Calls `callback` once, on the loop, when nothing is pending; dropped uncalled when the stream
  /// ends.
  virtual void OnDrained(std::function<void()> callback) { callback(); }  // NOLINT
};

/// Exactly one of Send and Stream is called, at any later time, from the loop's thread. Dropping it
/// unsent answers 500.
class Responder {
 public:
  virtual ~Responder() = default;
  virtual void Send(Response response) = 0;
  virtual std::shared_ptr<StreamSink> Stream(Response head) = 0;
};
using Handler = std::function<void(Request, std::shared_ptr<Responder>)>;

/// Sends messages to one peer. From the loop's thread; the callback comes on the loop's thread,
/// exactly once, and never when the transport is destroyed first. kUnavailable: no answer came
/// (within `timeout`, where it is not 0), and nothing is known of the effect.
class Transport {
 public:
  virtual ~Transport() = default;
  using Callback = std::function<void(Result<Response>)>;
  virtual void Send(Request request, std::chrono::milliseconds timeout, Callback callback) = 0;
};

}  // namespace rw::net
