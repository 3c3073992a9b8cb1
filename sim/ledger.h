// What clients were told is durable, and what scripts did: the facts that invariants compare.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "net/http.h"

namespace rw::sim {

class Ledger {
 public:
  /// An answer that reached its client.
  void OnAnswer(const net::Request& request, const net::Response& response);
  void OnScriptStarted(const std::string& allocation) { starts_[allocation]++; }

  /// run id → writer → bytes acked.
  const std::map<std::string, std::map<std::string, int64_t>>& journals() const {
    return journals_;
  }
  const std::map<std::string, int64_t>& logs() const { return logs_; }
  const std::set<std::string>& submitted() const { return submitted_; }
  const std::map<std::string, int>& starts() const { return starts_; }
  /// Digest → size of blobs that were stored.
  const std::map<std::string, int64_t>& blobs() const { return blobs_; }
  /// Run id → its status in the answer to the first cancel that was answered.
  const std::map<std::string, std::string>& canceled() const { return canceled_; }

 private:
  void OnStored(const net::Request& request);

  std::map<std::string, std::map<std::string, int64_t>> journals_;
  std::map<std::string, int64_t> logs_;
  std::set<std::string> submitted_;
  std::map<std::string, int> starts_;
  std::map<std::string, int64_t> blobs_;
  std::map<std::string, std::string> canceled_;
};

}  // namespace rw::sim
