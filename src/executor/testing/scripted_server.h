// What a server owes to an executor, in memory: grants, acks by offset, blobs and artifacts; and
// the ways in which it can be away, slow or deaf.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/loop.h"
#include "net/http.h"

namespace rw::executor::testing {

class ScriptedServer final : public net::Transport {
 public:
  explicit ScriptedServer(Loop& loop) : loop_(loop) {}

  void Send(net::Request request, std::chrono::milliseconds timeout, Callback callback) override;

  json::Value grant;           // the answer to a claim
  std::string claimed_by;      // by whom it was claimed first
  bool away = false;           // nobody answers
  int lose_answers = 0;        // so many requests take effect, and their answers get lost
  bool fenced = false;         // every request but a claim is refused
  bool refused_blobs = false;  // PUT of a blob is answered by 503
  int cancel_grace_ms = -1;    // told to the next heartbeats where not negative
  std::chrono::milliseconds latency{1};
  std::chrono::milliseconds disk_latency{0};  // of a log's ship, besides

  std::map<std::string, std::string> logs;                   // name → bytes
  std::map<std::string, std::string> previews;               // of logs: what they add
  std::map<std::string, std::string> journals;               // writer → bytes
  std::map<std::string, std::string> blobs;                  // digest → bytes
  std::map<std::string, std::string> artifacts;              // name → digest
  std::vector<std::string> named;                            // each artifact POST, in order
  std::vector<json::Value> system_metrics;                   // each batch, in order
  size_t log_bytes = 0;                                      // of all pieces of logs that came
  std::vector<std::pair<std::string, json::Value>> reports;  // started, exited, finished, failed
  int most_in_flight = 0;                                    // of one log or journal

  bool Reported(const std::string& name) const;
  json::Value Report(const std::string& name) const;

 private:
  net::Response Answer(const net::Request& request);
  net::Response Preview(const net::Request& request);
  net::Response Claim(const json::Value& body);
  net::Response Append(std::string& stored, const net::Request& request);
  net::Response Allocation(const std::string& verb, const json::Value& body);

  Loop& loop_;
  std::map<std::string, int> in_flight_;
};

}  // namespace rw::executor::testing
