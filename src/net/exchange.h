// One request and its answer on one connection, as a stream of events.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "net/loop_socket.h"
#include "net/message_parser.h"
#include "net/outbox.h"
#include "net/url.h"

namespace rw::net {

/// The request is sent and the answer read at the same time: an early refusal is seen while a large
/// body is still on its way.
class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  struct Events {
    std::function<void(Response head)> on_head;
    /// Takes the bytes and empties the string; an error ends the exchange with it.
    std::function<Status(std::string& piece)> on_body;
    /// Once, last. `socket` where the connection can serve another request.
    std::function<void(Status end, std::unique_ptr<LoopSocket> socket)> on_end;
  };
  /// No event comes before Start returns.
  static std::shared_ptr<Exchange> Start(AsioLoop& loop, std::unique_ptr<LoopSocket> socket,
                                         const Url& url, const Request& request, Events events);
  /// Ends it without a further event.
  void Abandon();
  /// No byte of an answer came.
  bool unanswered() const { return received_ == 0; }
  /// No byte of the request was sent.
  bool unsent() const { return out_.sent() == 0; }

 private:
  Exchange(AsioLoop& loop, std::unique_ptr<LoopSocket> socket, Events events);
  Status Prepare(const Url& url, const Request& request);
  void Send();
  void Receive();
  void Take(std::string_view bytes);
  /// How many of them it took.
  size_t Parse(std::string_view bytes);
  void PeerEnded();
  void End(Status status);

  AsioLoop& loop_;
  std::unique_ptr<LoopSocket> socket_;
  std::shared_ptr<Events> events_;  // null once it ended; kept by who is calling one of them
  Outbox out_;
  std::unique_ptr<MessageParser> parser_;
  bool head_only_ = false;
  bool head_told_ = false;
  bool sending_failed_ = false;
  uint64_t received_ = 0;
  std::string in_;          // a part of a message that is not parsed yet
  bool left_over_ = false;  // more came than the message
  std::string piece_;
};

}  // namespace rw::net
