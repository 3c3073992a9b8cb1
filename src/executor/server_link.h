// Requests to the server that do not give up: the server may be away for as long as it likes, come
// back at another address, and the run goes on meanwhile.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "executor/context.h"
#include "executor/lifetime.h"
#include "net/http.h"

namespace rw::executor {

/// Makes a transport to a URL; the link makes a new one when the server's address changed.
using TransportFactory =
    std::function<Result<std::shared_ptr<net::Transport>>(const std::string& url)>;

class ServerLink {
 public:
  /// `endpoint_file` ("" where there is none) holds the server's present URL and is read again when
  /// nobody answers.
  ServerLink(Context& context, TransportFactory factory, std::string url,
             std::string endpoint_file);

  /// From now on requests carry the grant's token and fence.
  void Authorize(const std::string& token, const std::string& allocation, int64_t fence);
  /// Called once, when the server says that the fence is stale. Nothing is sent any more.
  void OnFenced(Task callback) { on_fenced_ = std::move(callback); }
  /// Called while nobody answers, each time before it is tried again.
  void OnAway(Task callback) { on_away_ = std::move(callback); }

  enum class Patience {
    kUntilDone,  // 401, 403, 404, 429, 5xx: somebody else answers there, or it cannot now: tried
                 // again
    kUntilWord,  // only 429 and 5xx are tried again
  };
  /// Exactly once, unless the link is destroyed or fenced first. The response is 2xx or a refusal
  /// that trying again cannot change.
  using Callback = std::function<void(net::Response)>;
  void Call(net::Request request, std::chrono::milliseconds timeout, Callback callback,
            Patience patience = Patience::kUntilDone);

  /// A POST with a JSON body.
  void Post(const std::string& path, const json::Value& body, Callback callback,
            Patience patience = Patience::kUntilDone);

  /// The last thing heard of the server was silence.
  bool away() const { return away_; }
  const std::string& url() const { return url_; }
  /// "Bearer …" and the like, for the relay at exec.sock.
  const net::Headers& credentials() const { return credentials_; }

 private:
  struct Pending;

  void Send(std::shared_ptr<Pending> pending);
  void Answered(const std::shared_ptr<Pending>& pending, Result<net::Response> result);
  bool IsFinal(const Pending& pending, int status) const;
  void Park(std::shared_ptr<Pending> pending);
  void SendParked();
  void ReadEndpoint();

  Context& context_;
  TransportFactory factory_;
  std::string url_;
  std::string endpoint_file_;
  std::shared_ptr<net::Transport> transport_;
  net::Headers credentials_;
  Task on_fenced_;
  Task on_away_;
  bool fenced_ = false;
  bool away_ = false;  // the last thing heard was silence
  std::vector<std::shared_ptr<Pending>> parked_;
  Lifetime lifetime_;
};

/// Was the request refused because the allocation is no longer ours?
bool IsFenced(const net::Response& response);

}  // namespace rw::executor
