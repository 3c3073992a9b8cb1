// One peer of HttpServer: reads requests one after the other, sends their answers.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "net/asio_loop.h"
#include "net/body_sink.h"
#include "net/loop_socket.h"
#include "net/message_parser.h"
#include "net/outbox.h"
#include "net/server.h"

namespace rw::net {

class Connection;

/// What the connections of a server share.
struct ServerShared {
  AsioLoop& loop;
  ServerOptions options;
  /// From the head alone: an answer that makes the body pointless.
  /// `whole`: nothing more of the request is to come.
  std::function<std::optional<Response>(const Request& head, bool whole)> early;
  Handler handler;
  bool one_request = false;  // each connection serves one request and closes
  std::set<std::shared_ptr<Connection>> connections;
  uint64_t held_bytes = 0;  // bodies in memory, all connections
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<ServerShared> shared, std::unique_ptr<LoopSocket> socket,
             std::string peer);
  /// `already_read` came from the socket before.
  void Start(std::string already_read = {});
  /// At once; what waits is dropped.
  void Close();
  /// Ends a connection that stood still for `limit_us`, by the state it is in. `now_us` is
  /// monotonic.
  void CloseIfStuck(int64_t now_us, int64_t limit_us);
  /// Between two requests: may be closed to make room.
  bool resting() const { return state_ == State::kHead && in_.empty(); }
  int64_t since_us() const { return since_us_; }

  // For this exchange's responder and sink; a stale exchange number has no effect.
  void Send(uint64_t exchange, Response response);
  bool BeginStream(uint64_t exchange, Response head);
  bool Write(uint64_t exchange, std::string_view bytes);
  void EndStream(uint64_t exchange);
  void OnClosed(uint64_t exchange, std::function<void()> callback);
  void OnDrained(uint64_t exchange, std::function<void()> callback);
  uint64_t pending() const { return out_.pending(); }

 private:
  enum class State {
    kHead,       // waits for a request
    kBody,       // receives its body
    kHandling,   // the handler has it
    kSending,    // the answer goes out
    kStreaming,  // a stream is open
    kLingering,  // the last answer is out: reads what the peer still sends, for a moment
    kClosed,
  };
  enum class After { kNextRequest, kLinger };

  void Pump();
  void Step();
  /// False when there is nothing to read for now.
  bool Receive();
  void ReadWhenReady();
  void TakeInput();
  void OnHead();
  void OnWhole();
  void Refuse(const Error& error);
  void Refuse(Response response);
  void Flush();
  void Sent();
  void Drained();
  void Linger();
  void WatchPeer();
  void Touch();
  void HoldBytes(uint64_t bytes);

  std::shared_ptr<ServerShared> shared_;
  std::unique_ptr<LoopSocket> socket_;
  std::string peer_;
  State state_ = State::kHead;
  After after_ = After::kNextRequest;
  std::string in_;
  std::unique_ptr<MessageParser> parser_;
  Request request_;
  std::string body_piece_;
  std::unique_ptr<BodySink> sink_;
  Outbox out_;
  uint64_t exchange_ = 0;
  bool head_only_ = false;
  bool chunked_ = false;
  bool keep_alive_ = false;
  bool pumping_ = false;
  bool again_ = false;
  bool read_armed_ = false;
  bool write_armed_ = false;
  uint64_t lingered_ = 0;
  uint64_t held_ = 0;
  int64_t since_us_ = 0;  // when bytes last moved (a head: when it began)
  std::function<void()> on_closed_;
  std::function<void()> on_drained_;
};

}  // namespace rw::net
