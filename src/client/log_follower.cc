#include "client/log_follower.h"

#include <optional>

#include "base/strings.h"
#include "net/asio_loop.h"

namespace rw::client {
namespace {
using std::chrono::milliseconds;
constexpr milliseconds kRetry{200};
constexpr milliseconds kStopCheck{100};

class Follower {
 public:
  Follower(Api& api, const std::string& run_id, const FollowOptions& options,
           const FollowEvents& events)
      : api_(api), run_id_(run_id), options_(options), events_(events), server_(api.server()) {}

  Result<std::string> Run() {
    CheckStop();
    Connect();
    api_.loop().Run();
    stream_.reset();
    api_.loop().Cancel(stop_timer_);
    api_.loop().Cancel(retry_timer_);
    if (error_) return *std::move(error_);
    TRY(api_.MoveTo(server_));
    return end_status_;
  }

 private:
  void Connect() {
    net::Request request = api_.Authorized("GET", ApiPath({"runs", run_id_, "logs"}));
    if (!options_.name.empty()) request.query.emplace_back("name", options_.name);
    if (!options_.follow) request.query.emplace_back("follow", "false");
    for (const auto& [name, offset] : next_)
      request.query.emplace_back("from", name + ":" + std::to_string(offset));
    stream_ = net::EventStream::Start(
        api_.loop(), server_, std::move(request),
        [this](const std::string& event, const std::string&, const std::string& data) {
          waited_ = milliseconds(0);
          return Take(event, data);
        },
        [this](Status status) { Ended(std::move(status)); });
  }

  bool Take(const std::string& event, const std::string& data) {
    auto body = json::Parse(data);
    if (!body) return true;
    if (event == "log") TakeLog(*body);
    if (event == "status") {
      end_status_ = body->StringOr("status");
      if (events_.on_status)
        events_.on_status(end_status_, (*body)["reason"].is_object()
                                           ? (*body)["reason"].StringOr("text")
                                           : body->StringOr("reason"));
    }
    if (event != "end") return true;
    end_status_ = body->StringOr("status", end_status_);
    finished_ = true;
    return false;
  }

  void TakeLog(const json::Value& body) {
    auto bytes = Base64Decode(body.StringOr("bytes"));
    if (!bytes) return;
    uint64_t offset = static_cast<uint64_t>(body.IntOr("offset", 0));
    uint64_t& next = next_[body.StringOr("name")];
    if (offset + bytes->size() <= next) return;
    if (offset < next) bytes->erase(0, next - offset);
    next = std::max(next, offset) + bytes->size();
    events_.on_log(body.StringOr("name"), *bytes);
  }

  /// Without the end of the run the connection was lost: go on from the next byte wanted.
  void Ended(Status status) {
    if (finished_) return api_.loop().Stop();
    bool passing = status || status.error().code() == Code::kUnavailable;
    if (!passing || waited_ >= options_.patience) {
      error_ = status ? Error(Code::kUnavailable, "the server keeps closing the log stream")
                      : status.error();
      return api_.loop().Stop();
    }
    waited_ += kRetry;
    retry_timer_ = api_.loop().After("follow.retry", kRetry, [this] {
      std::string now = options_.find_server ? options_.find_server() : "";
      if (!now.empty()) server_ = now;
      Connect();
    });
  }

  void CheckStop() {
    stop_timer_ = api_.loop().After("follow.stop", kStopCheck, [this] {
      if (events_.wants_to_stop && events_.wants_to_stop()) {
        error_ = Error(Code::kCanceled, "stopped following");
        return api_.loop().Stop();
      }
      CheckStop();
    });
  }

  Api& api_;
  std::string run_id_;
  const FollowOptions& options_;
  const FollowEvents& events_;
  std::string server_;
  std::map<std::string, uint64_t> next_;
  std::unique_ptr<net::EventStream> stream_;
  TimerId stop_timer_ = 0;
  TimerId retry_timer_ = 0;
  milliseconds waited_{0};
  bool finished_ = false;
  std::string end_status_;
  std::optional<Error> error_;
};
}  // namespace

Result<std::string> FollowLogs(Api& api, const std::string& run_id, const FollowOptions& options,
                               const FollowEvents& events) {
  return Follower(api, run_id, options, events).Run();
}

}  // namespace rw::client
