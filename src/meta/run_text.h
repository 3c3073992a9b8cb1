// Runs as JSON text, straight from their rows: lists have thousands of them. The same members as
// RunToJson's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "db/connection.h"

namespace rw::meta {

/// What a list shows of each run besides the run itself.
struct RunShow {
  std::string portal;                // URL of the server
  std::vector<std::string> metrics;  // names
  std::vector<std::string> params;
};

/// One run within the text of a page: an object from `begin` to `end`, whose last members begin at
/// `state`, so that who knows better can put others in their place.
struct RunText {
  std::string id;
  int64_t compute_row = 0;
  bool may_wait = false;  // before its start: what it waits for is known to the scheduler
  size_t begin = 0;
  size_t state = 0;
  size_t end = 0;
};

/// Columns of `runs` that RunTextOf reads, from column 0 on; and how many they are.
std::string_view RunTextColumns();
constexpr int kRunTextColumns = 27;

/// Makes the texts of many runs with statements that are prepared once.
class RunTexts {
 public:
  /// `show` outlives it.
  static Result<RunTexts> Open(db::Connection& db, const RunShow& show);
  /// Appends the run to `page`. `row` stands at a row of RunTextColumns.
  Result<RunText> Append(const db::Statement& row, std::string& page);

 private:
  RunTexts(const RunShow& show, std::vector<db::Statement> lookups)
      : show_(&show), portal_(show.portal + "/runs/"), lookups_(std::move(lookups)) {}
  const RunShow* show_;
  std::string portal_;
  std::vector<db::Statement> lookups_;
};

/// `,"reason":…,"status":…}`; `reason` is JSON text.
void AppendState(std::string& out, std::string_view status, std::string_view reason);

}  // namespace rw::meta
