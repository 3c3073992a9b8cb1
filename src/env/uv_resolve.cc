#include "env/uv_resolve.h"

#include <memory>

#include "base/strings.h"
#include "env/release.h"
#include "env/secrets.h"
#include "env/uv_resolve_work.h"
#include "env/uv_words.h"

namespace rw::env {
namespace {
/// Each goes on from what the one before could not do.
constexpr int kMostRounds = 16;

}  // namespace

void UvResolving::Start() {
  if (replace_.empty()) return Compile();
  Recipe::Replace first = std::move(replace_.front());
  replace_.erase(replace_.begin());
  auto read = ParseRequirement(first.requirement, 0);
  auto item = read && *read ? nearest_.Find((*read)->name) : std::nullopt;
  if (!item) return Start();
  std::string query = nearest_.NameOf(*item) + first.range;
  Ask(query, nearest_.NameOf(*item), true,
      [self = shared_from_this(), item, first](const UvOutcome& found) {
        std::string version = VersionIn(found.out, self->nearest_.NameOf(*item));
        if (!found.ok || version.empty()) return self->Fail(found.words);
        self->nearest_.Replace(*item, version, first.reason);
        self->Start();
      });
}

std::string UvResolving::LinesText(const std::vector<std::string>& lines) {
  return lines.empty() ? std::string() : Join(lines, "\n") + "\n";
}

void UvResolving::Run(Files files, std::vector<std::string> arguments, bool quiet,
                      Answered answered) {
  write_(std::move(files), [self = shared_from_this(), arguments = std::move(arguments), quiet,
                            answered = std::move(answered)](const Status& written) {
    if (!written) return self->End(written.error());
    UvCommand command;
    command.arguments = arguments;
    bool pip = command.arguments.front() == "pip";
    if (pip && self->job_.no_index) command.arguments.emplace_back("--no-index");
    command.variables = self->job_.variables;
    command.working_dir = self->job_.folder;
    command.limit_ms = self->job_.limit_ms;
    command.step = self->progress_.step;
    auto log = quiet ? [](std::string_view) {} : self->progress_.log;
    self->runner_.Run(std::move(command), log, [self, answered](Result<UvOutcome> outcome) {
      if (!outcome) return self->End(outcome.error());
      // Without a network no question means anything.
      if (!outcome->ok && Classify(outcome->words) != UvFailure::kOther)
        return self->End(UvError("resolve", outcome->words, self->job_.request.spec.names));
      answered(*outcome);
    });
  });
}

std::vector<std::string> UvResolving::CompileArguments(const std::string& file) const {
  std::vector<std::string> out = {"pip",     "compile", "--no-header",           "--no-annotate",
                                  "--color", "never",   "--no-python-downloads", "--python",
                                  python(),  file};
  if (!job_.request.spec.constraints.empty())
    out.insert(out.end(), {"--constraints", "constraints.txt"});
  if (!notes_.build_constraints.empty())
    out.insert(out.end(), {"--build-constraints", "build-constraints.txt"});
  if (!notes_.provided.empty()) out.insert(out.end(), {"--excludes", "excludes.txt"});
  return out;
}

void UvResolving::Compile() {
  if (++rounds_ > kMostRounds) return Fail(words_);
  std::vector<std::string> lines = nearest_.Lines();
  if (lines.empty()) return Succeed("");
  Files files = {{"requirements.in", LinesText(lines)},
                 {"constraints.txt", LinesText(job_.request.spec.constraints)},
                 {"build-constraints.txt", LinesText(notes_.build_constraints)},
                 {"excludes.txt", LinesText(notes_.provided)}};
  std::vector<std::string> arguments = CompileArguments("requirements.in");
  for (const std::string& name : nearest_.only_binary())
    arguments.insert(arguments.end(), {"--only-binary", name});
  // The words of a first failure are held back: they may not be the last ones.
  Run(std::move(files), std::move(arguments), rounds_ > 1,
      [self = shared_from_this()](const UvOutcome& outcome) {
        if (outcome.ok) return self->CheckWheels(MaskUserInfo(outcome.out));
        if (self->words_.empty()) self->words_ = outcome.words;
        self->Investigate(outcome.words);
      });
}

void UvResolving::CheckWheels(const std::string& lock) {
  std::string pins;
  for (const std::string& line : PackagesOf(lock))
    if (line.find("==") != std::string::npos && line.find('@') == std::string::npos)
      pins += line + "\n";
  if (pins.empty()) return Succeed(lock);
  write_({{"lock.in", pins}}, [self = shared_from_this(), lock](const Status& written) {
    if (!written) return self->End(written.error());
    UvCommand command;
    command.arguments = {"pip",       "compile",       "--quiet",  "--no-deps",
                         "--offline", "--only-binary", ":all:",    "--no-python-downloads",
                         "--color",   "never",         "--python", self->python(),
                         "lock.in"};
    if (self->job_.no_index) command.arguments.emplace_back("--no-index");
    command.variables = self->job_.variables;
    command.working_dir = self->job_.folder;
    command.once = true;
    self->runner_.Run(
        std::move(command), [](std::string_view) {},
        [self, lock](const Result<UvOutcome>& outcome) {
          if (outcome && outcome->ok) return self->Succeed(lock);
          self->MakeTrial(lock);
        });
  });
}

void UvResolving::MakeTrial(const std::string& lock) {
  std::vector<std::string> arguments = {
      "venv",  "--no-project",          "--quiet",  "--clear", "--color",
      "never", "--no-python-downloads", "--python", python(),  "trial"};
  Run({{"lock.txt", lock}, {"build-constraints.txt", LinesText(notes_.build_constraints)}},
      std::move(arguments), true, [self = shared_from_this(), lock](const UvOutcome& made) {
        if (!made.ok) return self->Fail(made.words);
        self->Try(lock);
      });
}

void UvResolving::Try(const std::string& lock) {
  progress_.Log("Some packages have no wheel for this Python: trying whether they build\n");
  std::vector<std::string> arguments = {"pip",     "install",  "--no-deps",        "--color",
                                        "never",   "--python", "trial/bin/python", "-r",
                                        "lock.txt"};
  if (!notes_.build_constraints.empty())
    arguments.insert(arguments.end(), {"--build-constraints", "build-constraints.txt"});
  Run({}, std::move(arguments), false, [self = shared_from_this(), lock](const UvOutcome& outcome) {
    if (outcome.ok) return self->Succeed(lock);
    self->NoBuild(outcome.words);
  });
}

void UvResolving::NoBuild(const std::string& words) {
  if (HealBuild(words)) return Compile();
  // What cannot be fetched is no reason to take another version.
  bool built = words.find("Failed to build") != std::string::npos ||
               words.find("Failed to download and build") != std::string::npos;
  std::string name = built ? BlamedPackage(words) : std::string();
  auto item = name.empty() ? std::nullopt : nearest_.Find(name);
  if (item) return Relax(*item, words);
  if (words_.empty()) words_ = words;
  if (!name.empty() && nearest_.OnlyWheels(name, BlamedVersion(words), nearest_.ReasonOf(words)))
    return Compile();
  Fail(words);
}

void UvResolving::Succeed(const std::string& lock) {
  std::vector<std::string> warnings = nearest_.Warnings(lock);
  if (!exact() || !nearest_.replaced())
    return done_(Resolved{notes_.Text() + lock, std::move(warnings)});
  Error error = UvError("resolve", words_, job_.request.spec.names);
  std::string message =
      words_.empty() ? "the requirements cannot be had as written" : error.message();
  done_(Error(
      Code::kInvalidArgument,
      message + "\nresolver exact takes nothing else; nearest would take " + Join(warnings, "; "),
      "environment.requirements"));
}

void UvResolving::Fail(const std::string& words, const std::string& more) {
  Error error = UvError("resolve", words, job_.request.spec.names);
  End(more.empty() ? error : Error(error.code(), error.message() + "\n" + more, error.field()));
}

void UvResolving::End(const Error& error) {
  if (!exact())
    for (const std::string& warning : nearest_.Warnings("")) progress_.Substituted(warning);
  done_(error);
}

void ResolveByUv(UvRunner& runner, WriteFiles write, UvResolveJob job, Progress progress,
                 Installer::Done<Resolved> done) {
  std::make_shared<UvResolving>(runner, std::move(write), std::move(job), std::move(progress),
                                std::move(done))
      ->Start();
}

}  // namespace rw::env
