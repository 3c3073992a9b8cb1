#include <algorithm>

#include "base/strings.h"
#include "env/uv_resolve_work.h"
#include "env/uv_words.h"

namespace rw::env {

void UvResolving::Ask(const std::string& query, const std::string& name, bool newer,
                      Answered answered) {
  progress_.Log("Looking for the nearest version of " + name + " that can be installed\n");
  std::vector<std::string> arguments = CompileArguments("query.in");
  arguments.insert(arguments.end(), {"--no-deps", "--only-binary", name, "--resolution",
                                     newer ? "lowest-direct" : "highest"});
  Run({{"query.in", query + "\n"},
       {"constraints.txt", LinesText(job_.request.spec.constraints)},
       {"build-constraints.txt", LinesText(notes_.build_constraints)},
       {"excludes.txt", LinesText(notes_.provided)}},
      std::move(arguments), true, std::move(answered));
}

void UvResolving::Investigate(const std::string& words) {
  if (HealBuild(words)) return Compile();
  CheckAlone(nearest_.Suspects(words), words);
}

bool UvResolving::HealBuild(std::string_view words) {
  bool old = words.find("No module named 'pkg_resources'") != std::string_view::npos ||
             words.find("use_2to3 is invalid") != std::string_view::npos;
  bool bounded = std::any_of(notes_.build_constraints.begin(), notes_.build_constraints.end(),
                             [](const auto& line) { return line.starts_with("setuptools"); });
  if (!old || bounded) return false;
  bool python2 = words.find("use_2to3") != std::string_view::npos;
  notes_.build_constraints.emplace_back(python2 ? "setuptools<58" : "setuptools<70");
  progress_.Log("Building with " + notes_.build_constraints.back() + ", as the source expects\n");
  return true;
}

void UvResolving::CheckAlone(std::vector<size_t> suspects, const std::string& words) {
  if (suspects.empty()) return NobodyAlone(words);
  size_t i = suspects.front();
  suspects.erase(suspects.begin());
  std::vector<std::string> arguments = {"pip",
                                        "compile",
                                        "--no-header",
                                        "--no-annotate",
                                        "--color",
                                        "never",
                                        "--no-python-downloads",
                                        "--no-deps",
                                        "--python",
                                        python(),
                                        "alone.in"};
  if (!notes_.build_constraints.empty())
    arguments.insert(arguments.end(), {"--build-constraints", "build-constraints.txt"});
  Run({{"alone.in", nearest_.LineOf(i) + "\n"},
       {"build-constraints.txt", LinesText(notes_.build_constraints)}},
      std::move(arguments), true,
      [self = shared_from_this(), i, suspects, words](const UvOutcome& outcome) {
        if (outcome.ok) return self->CheckAlone(suspects, words);
        self->Relax(i, outcome.words);
      });
}

void UvResolving::NobodyAlone(const std::string& words) {
  if (nearest_.Loosen(words)) return Compile();
  std::string name = BlamedPackage(words);
  if (!name.empty() && !nearest_.Find(name) &&
      nearest_.OnlyWheels(name, BlamedVersion(words), nearest_.ReasonOf(words)))
    return Compile();
  Fail(words);
}

void UvResolving::Relax(size_t i, const std::string& words) {
  auto query = nearest_.Newer(i);
  if (!query || NeverWas(words)) return Fail(words);
  if (words_.empty()) words_ = words;
  std::string reason = nearest_.ReasonOf(words);
  Ask(*query, nearest_.NameOf(i), true,
      [self = shared_from_this(), i, words, reason](const UvOutcome& found) {
        if (found.ok) return self->Take(i, found, words, reason);
        self->Ask(*self->nearest_.Older(i), self->nearest_.NameOf(i), false,
                  [self, i, words, reason](const UvOutcome& older) {
                    self->Take(i, older, words, reason);
                  });
      });
}

void UvResolving::Take(size_t i, const UvOutcome& found, const std::string& words,
                       const std::string& reason) {
  std::string version = VersionIn(found.out, nearest_.NameOf(i));
  if (!found.ok || version.empty())
    return Fail(words, "no other version of " + nearest_.NameOf(i) + " can be installed either");
  nearest_.Replace(i, version, reason);
  Compile();
}

}  // namespace rw::env
