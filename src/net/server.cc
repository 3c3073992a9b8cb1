#include "net/server.h"

#include <algorithm>

#include "base/clock.h"
#include "net/connection.h"
#include "net/listener.h"

namespace rw::net {
namespace {

class Server final : public HttpServer {
 public:
  Server(AsioLoop& loop, ServerOptions options, HeadCheck check, Handler handler)
      : shared_(new ServerShared{.loop = loop, .options = std::move(options)}) {
    shared_->handler = std::move(handler);
    if (!check) return;
    shared_->early = [check = std::move(check)](const Request& head,
                                                bool whole) -> std::optional<Response> {
      if (whole) return std::nullopt;
      Status allowed = check(head);
      if (allowed) return std::nullopt;
      return ErrorResponse(allowed.error());
    };
  }

  ~Server() override {
    if (sweep_ != 0) shared_->loop.Cancel(sweep_);
    listener_.reset();
    auto connections = shared_->connections;
    for (const auto& connection : connections) connection->Close();
    // What the handlers captured must not outlive the server by a responder that is still held.
    shared_->handler = nullptr;
    shared_->early = nullptr;
  }

  Status Open() {
    auto on_peer = [this](std::unique_ptr<LoopSocket> socket, std::string peer) {
      Welcome(std::move(socket), std::move(peer));
    };
    const ServerOptions& o = shared_->options;
    listener_ = o.unix_path.empty() ? TRY(Listener::Tcp(shared_->loop, o.host, o.port, on_peer))
                                    : TRY(Listener::Unix(shared_->loop, o.unix_path, on_peer));
    return Ok();
  }
  std::string address() const override { return listener_->address(); }
  uint16_t port() const override { return listener_->port(); }

 private:
  void Welcome(std::unique_ptr<LoopSocket> socket, std::string peer) {
    if (shared_->connections.size() >= static_cast<size_t>(shared_->options.max_connections))
      MakeRoom();
    if (shared_->connections.size() >= static_cast<size_t>(shared_->options.max_connections))
      return;  // all are at work: the peer is cut off and may come back
    auto connection = std::make_shared<Connection>(shared_, std::move(socket), std::move(peer));
    shared_->connections.insert(connection);
    connection->Start();
    ArmSweep();
  }

  /// Closes the kept-alive connection that rested longest.
  void MakeRoom() {
    std::shared_ptr<Connection> oldest;
    for (const auto& connection : shared_->connections)
      if (connection->resting() && (!oldest || connection->since_us() < oldest->since_us()))
        oldest = connection;
    if (oldest) oldest->Close();
  }

  /// No timer while nobody is connected: an idle server does not wake up.
  void ArmSweep() {
    if (sweep_ != 0 || shared_->connections.empty()) return;
    auto period =
        std::chrono::milliseconds(std::clamp(shared_->options.idle_timeout_s * 1000 / 8, 50, 5000));
    sweep_ = shared_->loop.After("net.sweep", period, [this] {
      sweep_ = 0;
      auto connections = shared_->connections;
      int64_t now = SystemClock().BootMicros();
      for (const auto& connection : connections)
        connection->CloseIfStuck(now, int64_t{1'000'000} * shared_->options.idle_timeout_s);
      ArmSweep();
    });
  }

  std::shared_ptr<ServerShared> shared_;
  std::unique_ptr<Listener> listener_;
  TimerId sweep_ = 0;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::Listen(AsioLoop& loop, ServerOptions options,
                                                       HeadCheck check, Handler handler) {
  auto server =
      std::make_unique<Server>(loop, std::move(options), std::move(check), std::move(handler));
  TRY(server->Open());
  return server;
}

}  // namespace rw::net
