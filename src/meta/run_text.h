// Runs as JSON text, straight from their rows: lists have thousands of them. The same members as
// RunToJson's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "db/connection.h"
#include "meta/run_lookups.h"

namespace rw::meta {

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

/// Makes the text of one page.
class RunTexts {
 public:
  /// Of up to `most` runs. `show` outlives it.
  static Result<RunTexts> Open(db::Connection& db, const RunShow& show, size_t most);
  /// `row` stands at a row of RunTextColumns.
  void Add(const db::Statement& row);
  size_t size() const { return runs_.size(); }
  /// The runs' objects in the order in which they were added, with commas between them. Once.
  Result<std::vector<RunText>> Write(std::string& page);

 private:
  /// Of one run in parts_text_: its columns, what follows on the lookups, its state.
  struct Part {
    size_t begin = 0;
    size_t lookups = 0;
    size_t state = 0;
  };

  RunTexts(const RunShow& show, RunLookups lookups)
      : portal_(show.portal + "/runs/"), lookups_(std::move(lookups)) {}
  std::string portal_;
  RunLookups lookups_;
  std::string parts_text_;
  std::vector<Part> parts_;
  std::vector<int64_t> rows_;
  std::vector<RunText> runs_;
};

/// `,"reason":…,"status":…}`; `reason` is JSON text.
void AppendState(std::string& out, std::string_view status, std::string_view reason);

}  // namespace rw::meta
