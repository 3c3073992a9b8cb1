// What the runs of a page have in other tables, as JSON text.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "db/connection.h"

namespace rw::meta {

/// What a list shows of each run besides the run itself.
struct RunShow {
  std::string portal;                // URL of the server
  std::vector<std::string> metrics;  // names
  std::vector<std::string> params;
};

/// Tags, properties, warnings, log files, metrics and parameters of many runs. Read table by table
/// and by ascending row: neighbours in a table share its pages, which runs in any other order would
/// load again and again.
class RunLookups {
 public:
  /// `show` outlives it.
  static Result<RunLookups> Open(db::Connection& db, const RunShow& show);
  /// Of the runs with these rows, in any order.
  Status Read(const std::vector<int64_t>& rows);
  /// `,"tags":{…},"properties":…` of the run at this place in `rows`.
  void Append(size_t index, std::string& out) const;
  /// Bytes that all of them have.
  size_t size() const { return text_.size(); }

 private:
  struct Range {
    size_t begin = 0;
    size_t end = 0;
  };

  RunLookups(const RunShow& show, std::vector<db::Statement> tables)
      : show_(&show), tables_(std::move(tables)) {}
  Status ReadOne(size_t table, int64_t run_row);

  const RunShow* show_;
  std::vector<db::Statement> tables_;
  std::string text_;
  std::vector<Range> ranges_;  // by run, then by table
};

}  // namespace rw::meta
