#include "env/uv_resolve.h"

#include <algorithm>
#include <memory>

#include "base/strings.h"
#include "env/lock_notes.h"
#include "env/nearest.h"
#include "env/release.h"
#include "env/secrets.h"
#include "env/uv_words.h"

namespace rw::env {
namespace {
/// Each goes on from what the one before could not do.
constexpr int kMostRounds = 16;

class Resolving : public std::enable_shared_from_this<Resolving> {
 public:
  Resolving(UvRunner& runner, WriteFiles write, UvResolveJob job, Progress progress,
            Installer::Done<Resolved> done)
      : runner_(runner),
        write_(std::move(write)),
        job_(std::move(job)),
        progress_(std::move(progress)),
        done_(std::move(done)),
        nearest_(job_.request.spec, job_.request.interpreter.version),
        notes_(NotesOf(job_.request.spec.recipe)),
        replace_(job_.request.spec.recipe.replace) {}

  void Start() {
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

 private:
  using Answered = std::function<void(const UvOutcome&)>;
  using Files = std::map<std::string, std::string>;

  bool exact() const { return job_.request.spec.resolver == EnvironmentSpec::Resolver::kExact; }
  const std::string& python() const { return job_.request.interpreter.path; }

  static std::string LinesText(const std::vector<std::string>& lines) {
    return lines.empty() ? std::string() : Join(lines, "\n") + "\n";
  }

  /// `quiet`: a question of our own, which is no part of the log.
  void Run(Files files, std::vector<std::string> arguments, bool quiet, Answered answered) {
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

  std::vector<std::string> CompileArguments(const std::string& file) const {
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

  void Compile() {
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

  /// The lowest (`newer`) or highest version of one package that has a wheel.
  void Ask(const std::string& query, const std::string& name, bool newer, Answered answered) {
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

  /// Which of the requirements cannot be installed even alone?
  void Investigate(const std::string& words) {
    if (HealBuild(words)) return Compile();
    CheckAlone(nearest_.Suspects(words), words);
  }

  /// Sources of another year expect build tools of their year.
  bool HealBuild(std::string_view words) {
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

  void CheckAlone(std::vector<size_t> suspects, const std::string& words) {
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

  /// Each can be had alone: it is what they ask of each other.
  void NobodyAlone(const std::string& words) {
    if (nearest_.Loosen(words)) return Compile();
    std::string name = BlamedPackage(words);
    if (!name.empty() && !nearest_.Find(name) &&
        nearest_.OnlyWheels(name, BlamedVersion(words), nearest_.ReasonOf(words)))
      return Compile();
    Fail(words);
  }

  void Relax(size_t i, const std::string& words) {
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

  void Take(size_t i, const UvOutcome& found, const std::string& words, const std::string& reason) {
    std::string version = VersionIn(found.out, nearest_.NameOf(i));
    if (!found.ok || version.empty())
      return Fail(words, "no other version of " + nearest_.NameOf(i) + " can be installed either");
    nearest_.Replace(i, version, reason);
    Compile();
  }

  /// Asks uv's cache alone, where everything lies by now: milliseconds.
  void CheckWheels(const std::string& lock) {
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

  void MakeTrial(const std::string& lock) {
    std::vector<std::string> arguments = {
        "venv",  "--no-project",          "--quiet",  "--clear", "--color",
        "never", "--no-python-downloads", "--python", python(),  "trial"};
    Run({{"lock.txt", lock}, {"build-constraints.txt", LinesText(notes_.build_constraints)}},
        std::move(arguments), true, [self = shared_from_this(), lock](const UvOutcome& made) {
          if (!made.ok) return self->Fail(made.words);
          self->Try(lock);
        });
  }

  void Try(const std::string& lock) {
    progress_.Log("Some packages have no wheel for this Python: trying whether they build\n");
    std::vector<std::string> arguments = {"pip",     "install",  "--no-deps",        "--color",
                                          "never",   "--python", "trial/bin/python", "-r",
                                          "lock.txt"};
    if (!notes_.build_constraints.empty())
      arguments.insert(arguments.end(), {"--build-constraints", "build-constraints.txt"});
    Run({}, std::move(arguments), false,
        [self = shared_from_this(), lock](const UvOutcome& outcome) {
          if (outcome.ok) return self->Succeed(lock);
          self->NoBuild(outcome.words);
        });
  }

  void NoBuild(const std::string& words) {
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

  void Succeed(const std::string& lock) {
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

  void Fail(const std::string& words, const std::string& more = "") {
    Error error = UvError("resolve", words, job_.request.spec.names);
    End(more.empty() ? error : Error(error.code(), error.message() + "\n" + more, error.field()));
  }

  /// What was decided until then is part of what the user reads.
  void End(const Error& error) {
    if (!exact())
      for (const std::string& warning : nearest_.Warnings("")) progress_.Substituted(warning);
    done_(error);
  }

  UvRunner& runner_;
  WriteFiles write_;
  UvResolveJob job_;
  Progress progress_;
  Installer::Done<Resolved> done_;
  Nearest nearest_;
  LockNotes notes_;
  std::vector<Recipe::Replace> replace_;
  std::string words_;  // of the first failure
  int rounds_ = 0;
};
}  // namespace

void ResolveByUv(UvRunner& runner, WriteFiles write, UvResolveJob job, Progress progress,
                 Installer::Done<Resolved> done) {
  std::make_shared<Resolving>(runner, std::move(write), std::move(job), std::move(progress),
                              std::move(done))
      ->Start();
}

}  // namespace rw::env
