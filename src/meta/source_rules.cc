#include "meta/source_rules.h"

namespace rw::meta {

Result<std::vector<model::SourceRule>> SourceRuleRepository::List() {
  auto row = TRY(db_.Prepare(
      "SELECT prefix, folder, mirror FROM source_rules ORDER BY length(prefix) DESC, prefix"));
  std::vector<model::SourceRule> out;
  while (TRY(row.Step())) out.push_back({row.Text(0), row.Text(1), row.Text(2)});
  return out;
}

Status SourceRuleRepository::Put(const model::SourceRule& rule, int64_t now_us) {
  auto put =
      TRY(db_.Prepare("INSERT OR REPLACE INTO source_rules (prefix, folder, mirror, created_us)"
                      " VALUES (?,?,?,?)"));
  return put.Bind(rule.prefix).Bind(rule.folder).Bind(rule.mirror).Bind(now_us).Run();
}

Result<bool> SourceRuleRepository::Remove(const std::string& prefix) {
  auto remove = TRY(db_.Prepare("DELETE FROM source_rules WHERE prefix=?"));
  TRY(remove.Bind(prefix).Run());
  return db_.changes() > 0;
}

}  // namespace rw::meta
