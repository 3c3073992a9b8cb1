#include "meta/run_search.h"

#include "db/read_transaction.h"
#include "meta/run_sources.h"

namespace rw::meta {
namespace {

bool UsesMetrics(const model::RunCondition& condition) {
  if (condition.kind == model::RunCondition::Kind::kCompare) return condition.field.is_metric();
  for (const model::RunCondition& part : condition.parts)
    if (UsesMetrics(part)) return true;
  return false;
}

/// Values of one list are of one kind, but for parameters: numbers before texts, and those have one
/// source.
bool ComesBefore(const RunSource& a, const RunSource& b, bool descending) {
  const double* x = std::get_if<double>(&a.value());
  const double* y = std::get_if<double>(&b.value());
  if (x == nullptr || y == nullptr) return false;
  if (*x != *y) return descending ? *x > *y : *x < *y;
  return descending ? a.row() > b.row() : a.row() < b.row();
}

/// Takes runs from the sources in order until the page is full. False: it is, and there are more.
class Filler {
 public:
  Filler(RunTexts texts, const RunSearch& search, RunPage& page)
      : texts_(std::move(texts)), search_(search), page_(page) {}

  Result<bool> Fill(std::deque<RunSource> sources, bool without_value) {
    std::vector<RunSource*> open;
    for (RunSource& source : sources)
      if (TRY(source.Next())) open.push_back(&source);
    while (!open.empty()) {
      size_t first = 0;
      for (size_t i = 1; i < open.size(); i++)
        if (ComesBefore(*open[i], *open[first], search_.sort.descending)) first = i;
      RunSource& source = *open[first];
      if (texts_.size() == static_cast<size_t>(search_.limit)) {
        page_.next = last_;
        return false;
      }
      last_ = {without_value, source.value(), source.row()};
      texts_.Add(source.rows());
      if (!TRY(source.Next())) open.erase(open.begin() + static_cast<ptrdiff_t>(first));
    }
    return true;
  }

  Status Finish() {
    page_.runs = TRY(texts_.Write(page_.text));
    return Ok();
  }

 private:
  RunTexts texts_;
  const RunSearch& search_;
  RunPage& page_;
  RunPlace last_;
};

/// "" where the workspace has no such experiment.
Result<std::string> ExperimentId(db::Connection& db, const RunSearch& search) {
  auto row = TRY(db.Prepare("SELECT id FROM experiments WHERE workspace_id = ? AND name = ?"));
  row.Bind(search.workspace_id).Bind(*search.experiment);
  if (!TRY(row.Step())) return std::string();
  return row.Text(0);
}

}  // namespace

bool RunSearch::NeedsMetrics() const { return sort.field.is_metric() || UsesMetrics(filter); }

Result<RunPage> SearchRuns(db::Connection& db, const RunSearch& search) {
  auto one_state = TRY(db::ReadTransaction::Begin(db));
  RunPage page;
  std::string experiment_id;
  if (search.experiment) {
    experiment_id = TRY(ExperimentId(db, search));
    if (experiment_id.empty()) return page;
  }
  Sql scope = ScopeOf(search, experiment_id);
  Filler filler(TRY(RunTexts::Open(db, search.show, static_cast<size_t>(search.limit))), search,
                page);
  bool full = false;
  bool began_without = search.after && search.after->without_value;
  if (!began_without) {
    auto sources = TRY(SourcesWithValue(db, search, experiment_id, scope));
    full = !TRY(filler.Fill(std::move(sources), false));
  }
  if (!full) TRY(filler.Fill(TRY(SourcesWithoutValue(db, search, experiment_id, scope)), true));
  TRY(filler.Finish());
  return page;
}

}  // namespace rw::meta
