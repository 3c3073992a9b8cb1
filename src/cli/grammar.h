// What the files of options share: the grammar of the command line while it is made and used. They
// alone see CLI11.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/options.h"

namespace rw::cli {

/// All commands of one parse. Values land in what New made; the command that was named is chosen.
class Grammar {
 public:
  Grammar();
  Parsed Parse(std::vector<std::string> arguments);
  CommandTree Tree() const;

  CLI::App& app() { return app_; }
  /// Lives as long as the grammar: options are parsed into it.
  template <class T>
  T& New() {
    auto made = std::make_shared<T>();
    values_.push_back(made);
    return *made;
  }
  void Choose(Command command) { command_ = std::move(command); }

  /// A command that has commands.
  CLI::App* Group(const char* name, const char* help);
  /// A command that ends as `values`, after `finish` set what the options do not say.
  template <class T>
  CLI::App* Leaf(CLI::App* parent, const char* name, const char* help, T& values,
                 std::function<void(T&)> finish, const char* examples) {
    CLI::App* leaf = parent->add_subcommand(name, help);
    Common(leaf);
    leaf->footer(std::string("Examples:\n") + examples);
    leaf->callback([this, &values, finish] {
      if (finish) finish(values);
      Choose(values);
    });
    return leaf;
  }
  /// One of several commands with the same options.
  template <class T>
  CLI::App* Leaf(CLI::App* parent, const char* name, const char* help, T& values,
                 decltype(T::action) action, const char* examples) {
    return Leaf<T>(
        parent, name, help, values, [action](T& chosen) { chosen.action = action; }, examples);
  }
  static void Repeatable(CLI::App* app, const char* name, std::vector<std::string>& into,
                         const char* help);

 private:
  void Common(CLI::App* app);
  bool IsUnknown(const std::string& word) const;
  std::string UnknownCommand(const std::string& word) const;

  CLI::App app_;
  CommonOptions common_;
  std::optional<Command> command_;
  std::vector<std::shared_ptr<void>> values_;
};

// options_env.cc
void DeclareEnv(Grammar& grammar);
void DeclareSources(Grammar& grammar);
// options_keep.cc
void DeclareGc(Grammar& grammar);
void DeclareDoctor(Grammar& grammar);
void DeclareBackup(Grammar& grammar);
void DeclareRestore(Grammar& grammar);
void DeclareCompletion(Grammar& grammar);
// options_runs.cc
void DeclareSubmit(Grammar& grammar);
void DeclareRuns(Grammar& grammar);
void DeclareLogs(Grammar& grammar);
// options_server.cc
void DeclareInit(Grammar& grammar);
void DeclareServer(Grammar& grammar);
void DeclareCompute(Grammar& grammar);
// options_workspace.cc
void DeclareModels(Grammar& grammar);
void DeclareSecrets(Grammar& grammar);
void DeclareSnapshot(Grammar& grammar);
void DeclareSync(Grammar& grammar);
void DeclareOpen(Grammar& grammar);

}  // namespace rw::cli
