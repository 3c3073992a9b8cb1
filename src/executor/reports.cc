#include "executor/reports.h"

#include "base/log.h"

namespace rw::executor {

void Reports::Send(std::string name, json::Value body, Task done) {
  queue_.push_back({std::move(name), std::move(body), std::move(done)});
  if (!sending_) Next();
}

void Reports::Next() {
  if (queue_.empty()) return;
  sending_ = true;
  Report report = std::move(queue_.front());
  queue_.pop_front();
  std::string path = allocation_path_ + "/" + report.name;
  server_.Post(
      path, report.body,
      lifetime_.Bind([this, name = report.name, done = report.done](const net::Response& response) {
        sending_ = false;
        if (response.status >= 400)
          LOG_ERROR("report.refused", {"report", name}, {"status", response.status},
                    {"error", ErrorOf(response).message()});
        Next();
        if (done) done();
      }));
}

}  // namespace rw::executor
