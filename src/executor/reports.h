// What is told to the server about the attempt, strictly one after another: it never hears of an
// end before the start.
#pragma once

#include <deque>
#include <string>

#include "executor/lifetime.h"
#include "executor/server_link.h"

namespace rw::executor {

class Reports {
 public:
  Reports(ServerLink& server, std::string allocation_path)
      : server_(server), allocation_path_(std::move(allocation_path)) {}

  /// POST …/`name`; `done` (may be empty) when it was answered. A refusal is logged and not
  /// repeated.
  void Send(std::string name, json::Value body, Task done = nullptr);

 private:
  struct Report {
    std::string name;
    json::Value body;
    Task done;
  };
  void Next();

  ServerLink& server_;
  std::string allocation_path_;
  std::deque<Report> queue_;
  bool sending_ = false;
  Lifetime lifetime_;
};

}  // namespace rw::executor
