// What of this process and machine decides where requests go; passed in, so that tests have their
// own.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace rw::client {

struct Surroundings {
  std::string cwd;   // absolute
  std::string host;  // this machine's name
  std::map<std::string, std::string> variables;

  static Surroundings OfThisProcess();
  /// "" where unset.
  std::string Variable(const std::string& name) const;
  std::string Home() const;
  /// $XDG_CONFIG_HOME/runwright/credentials.json, else ~/.config/runwright/credentials.json.
  std::string CredentialPath() const;
  /// $XDG_DATA_HOME/runwright, else ~/.local/share/runwright: a server's folder where none is
  /// named.
  std::string DataFolder() const;
  /// Absolute, from the current folder; "~/" is the home folder.
  std::string Absolute(const std::string& path) const;
  /// Absolute path of a program on PATH; "" where there is none.
  std::string FindProgram(const std::string& name) const;
  /// "NAME=value" of all variables but our own (RUNWRIGHT_…): no token goes on to other programs.
  std::vector<std::string> EnvironmentOfChildren() const;
};

}  // namespace rw::client
