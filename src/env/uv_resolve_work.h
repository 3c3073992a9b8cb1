// One resolution, inside: uv_resolve.cc asks for all that is wanted and tries what has no wheel,
// uv_nearest.cc finds out what stands in the way and takes the nearest.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "env/lock_notes.h"
#include "env/nearest.h"
#include "env/uv_resolve.h"

namespace rw::env {

class UvResolving : public std::enable_shared_from_this<UvResolving> {
 public:
  UvResolving(UvRunner& runner, WriteFiles write, UvResolveJob job, Progress progress,
              Installer::Done<Resolved> done)
      : runner_(runner),
        write_(std::move(write)),
        job_(std::move(job)),
        progress_(std::move(progress)),
        done_(std::move(done)),
        nearest_(job_.request.spec, job_.request.interpreter.version),
        notes_(NotesOf(job_.request.spec.recipe)),
        replace_(job_.request.spec.recipe.replace) {}
  void Start();

 private:
  using Answered = std::function<void(const UvOutcome&)>;
  using Files = std::map<std::string, std::string>;

  bool exact() const { return job_.request.spec.resolver == EnvironmentSpec::Resolver::kExact; }
  const std::string& python() const { return job_.request.interpreter.path; }
  static std::string LinesText(const std::vector<std::string>& lines);

  /// `quiet`: a question of our own, which is no part of the log.
  void Run(Files files, std::vector<std::string> arguments, bool quiet, Answered answered);
  std::vector<std::string> CompileArguments(const std::string& file) const;
  void Compile();

  // uv_nearest.cc
  /// The lowest (`newer`) or highest version of one package that has a wheel.
  void Ask(const std::string& query, const std::string& name, bool newer, Answered answered);

  /// Which of the requirements cannot be installed even alone?
  void Investigate(const std::string& words);

  /// Sources of another year expect build tools of their year.
  bool HealBuild(std::string_view words);
  void CheckAlone(std::vector<size_t> suspects, const std::string& words);

  /// Each can be had alone: it is what they ask of each other.
  void NobodyAlone(const std::string& words);
  void Relax(size_t i, const std::string& words);
  void Take(size_t i, const UvOutcome& found, const std::string& words, const std::string& reason);

  // uv_resolve.cc
  /// Asks uv's cache alone, where everything lies by now: milliseconds.
  void CheckWheels(const std::string& lock);
  void MakeTrial(const std::string& lock);
  void Try(const std::string& lock);
  void NoBuild(const std::string& words);
  void Succeed(const std::string& lock);
  void Fail(const std::string& words, const std::string& more = "");

  /// What was decided until then is part of what the user reads.
  void End(const Error& error);

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

}  // namespace rw::env
