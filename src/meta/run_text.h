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

struct RunText {
  std::string id;
  int64_t compute_row = 0;
  bool may_wait = false;  // before its start: what it waits for is known to the scheduler
  /// One object, but for its end: `state` is its last members and the brace, so that who knows
  /// better can put others in their place.
  std::string head;
  std::string state;
};

/// Columns of `runs` that RunTextOf reads, from column 0 on; and how many they are.
std::string_view RunTextColumns();
constexpr int kRunTextColumns = 27;

/// Makes the texts of many runs with statements that are prepared once.
class RunTexts {
 public:
  /// `show` outlives it.
  static Result<RunTexts> Open(db::Connection& db, const RunShow& show);
  /// `row` stands at a row of RunTextColumns.
  Result<RunText> Of(const db::Statement& row);

 private:
  RunTexts(const RunShow& show, std::vector<db::Statement> lookups)
      : show_(&show), lookups_(std::move(lookups)) {}
  const RunShow* show_;
  std::vector<db::Statement> lookups_;
};

/// `"reason":…,"status":…}`; `reason` is JSON text.
std::string StateText(std::string_view status, std::string_view reason);

}  // namespace rw::meta
